/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/result.h"

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
