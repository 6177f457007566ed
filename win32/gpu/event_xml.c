/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/gpu/event_xml.h"
#include "base/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *provider;
    unsigned id;
    enum os_gpu_report_kind kind;
    const char *meaning;
} table[] = {
    {"Display", 4101, OS_GPU_HANG_ENDED, "the driver stopped responding and has recovered"},
    {"nvlddmkm", 13, OS_GPU_PROGRAM_FAULT, "the driver tells of an exception"},
    {"nvlddmkm", 14, OS_GPU_NOTE, "the driver tells of an error"},
    {"nvlddmkm", 153, OS_GPU_HANG_ENDED, "the driver has reset a part of the card"},
};

/* Copies what stands between `before` and `after` in the text, with the five entities of XML. Returns what is behind it, or
   NULL. */
static const char *copy_between(const char *text, const char *before, char after, char *out, size_t size)
{
    static const struct {
        const char *name;
        char is;
    } entities[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}};
    const char *from = strstr(text, before);
    size_t len = 0;
    *out = 0;
    if (!from)
        return NULL;
    for (from += strlen(before); *from && *from != after; len++) {
        char c = *from++;
        for (size_t i = 0; c == '&' && i < sizeof entities / sizeof *entities; i++)
            if (strncmp(from - 1, entities[i].name, strlen(entities[i].name)) == 0) {
                from += strlen(entities[i].name) - 1;
                c = entities[i].is;
                break;
            }
        if (len + 1 < size)
            out[len] = c;
    }
    out[len < size ? len : size - 1] = 0;
    return from;
}

/* Counts the days from 1970 to a date of the Gregorian calendar. */
static int64_t days_since_1970(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1, era = y / 400, of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* Reads "2026-09-10T14:36:15.1234567Z": numbers with one byte between them. */
static int64_t event_time_ms(const char *text)
{
    static const uint64_t most[] = {9999, 12, 31, 23, 59, 60};
    uint64_t part[6] = {0};
    for (size_t i = 0; i < 6; i++, text += i < 6 && *text)
        if (!number_take(&text, most[i], &part[i]))
            return 0;
    int64_t days = days_since_1970((int)part[0], (int)part[1], (int)part[2]);
    int64_t ms = (((days * 24 + (int64_t)part[3]) * 60 + (int64_t)part[4]) * 60 + (int64_t)part[5]) * 1000;
    if (text[0] == '.')
        for (int i = 1, unit = 100; unit && text[i] >= '0' && text[i] <= '9'; i++, unit /= 10)
            ms += (text[i] - '0') * unit;
    return part[0] < 1970 ? 0 : ms;
}

/* Appends the texts of the event's data. */
static void append_data(const char *xml, char *text, size_t size)
{
    char data[96];
    size_t len = strlen(text);
    for (const char *at = strstr(xml, "<Data"); at; at = strstr(at + 1, "<Data")) {
        copy_between(at, ">", '<', data, sizeof data);
        if (*data && len < size)
            len += (size_t)snprintf(text + len, size - len, "%s%s", strchr(text, ':') ? " | " : ": ", data);
    }
}

bool event_xml_read(const char *xml, struct os_gpu_report *out)
{
    char provider[OS_GPU_DRIVER_SIZE], id[16], time[40], first[OS_GPU_DRIVER_SIZE];
    *out = (struct os_gpu_report){.kind = OS_GPU_NOTE};
    const char *name = strstr(xml, "<Provider ");
    const char *event = strstr(xml, "<EventID");
    if (!name || !event || !copy_between(name, "Name='", '\'', provider, sizeof provider) ||
        !copy_between(event, ">", '<', id, sizeof id))
        return false;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strcmp(provider, table[i].provider) != 0 || strtoul(id, NULL, 10) != table[i].id)
            continue;
        out->kind = table[i].kind;
        copy_between(xml, "SystemTime='", '\'', time, sizeof time);
        out->time_ms = event_time_ms(time);
        if (!copy_between(xml, "<Data>", '<', first, sizeof first) || strcmp(provider, "Display") != 0)
            memcpy(first, provider, sizeof first);
        memcpy(out->driver, first, sizeof out->driver); /* event 4101 names it */
        snprintf(out->text, sizeof out->text, "%s %s, %s", provider, id, table[i].meaning);
        append_data(xml, out->text, sizeof out->text);
        return true;
    }
    return false;
}
