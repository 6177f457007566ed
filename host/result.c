/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/result.h"

/* ---- lists of strings ---- */

void strings_take(struct periscope_strings *out, struct strlist *list)
{
    *out = (struct periscope_strings){list->items, list->count};
    *list = (struct strlist){0};
}

void periscope_strings_free(struct periscope_strings *strings)
{
    struct strlist list = {.items = strings->items, .count = strings->count};
    strlist_deinit(&list);
    *strings = (struct periscope_strings){0};
}

const char *periscope_strings_get(const struct periscope_strings *strings, const char *key)
{
    struct strlist list = {.items = strings->items, .count = strings->count};
    return strlist_get(&list, key);
}

/* ---- exit statuses ---- */

/* Decodes a status. A status word of Linux has the signal in its low 7 bits and the exit code in the next byte; a value
   with higher bits is no such word and is kept as the code. */
void exit_decode(bool windows, uint32_t status, struct periscope_exit *out)
{
    *out = (struct periscope_exit){.status = status};
    if (windows || status > 0xffff) {
        out->exited = true;
        out->code = status;
    } else if ((status & 0x7f) == 0) {
        out->exited = true;
        out->code = status >> 8;
    } else {
        out->signal = (int)(status & 0x7f);
    }
}

const char *periscope_exit_name(uint32_t code)
{
    static const struct {
        uint32_t code;
        const char *name;
    } names[] = {
#define X(name, code) {code, name},
#include "host/ntstatus.def"
#undef X
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].code == code)
            return names[i].name;
    return NULL;
}
