/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/gpu/kmsg.h"
#include "base/number.h"

#include <string.h>

/* Reads "PRIORITY,SEQUENCE,TIME,FLAGS...;TEXT" of a line that ends in NUL. */
static bool kmsg_read_line(const char *line, struct kmsg_record *out)
{
    uint64_t priority;
    if (!number_take(&line, UINT32_MAX, &priority) || *line++ != ',')
        return false;
    if (!number_take(&line, UINT64_MAX, &out->sequence) || *line++ != ',')
        return false;
    if (!number_take(&line, UINT64_MAX, &out->time_us))
        return false;
    line = strchr(line, ';');
    if (!line)
        return false;
    out->of_kernel = priority < 8;
    size_t len = strlen(line + 1);
    if (len >= sizeof out->text)
        len = sizeof out->text - 1;
    memcpy(out->text, line + 1, len);
    out->text[len] = 0;
    return true;
}

/* Moves past a line and copies its first bytes. Returns false when nothing is left. */
static bool kmsg_next_line(const char **bytes, size_t *len, char *line, size_t size)
{
    const char *end = memchr(*bytes, '\n', *len);
    size_t whole = end ? (size_t)(end - *bytes) : *len, kept = whole < size ? whole : size - 1;
    if (*len == 0)
        return false;
    memcpy(line, *bytes, kept);
    line[kept] = 0;
    whole += end != NULL;
    *bytes += whole;
    *len -= whole;
    return true;
}

bool kmsg_take(const char **bytes, size_t *len, struct kmsg_record *out)
{
    char line[sizeof out->text + 128];
    while (kmsg_next_line(bytes, len, line, sizeof line))
        if (*line != ' ' && kmsg_read_line(line, out))
            return true;
    return false;
}
