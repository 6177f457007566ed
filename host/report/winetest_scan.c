/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/report/winetest_scan.h"

#include "base/error.h"

#include <stdarg.h>
#include <stdlib.h>

static void scan_add_remark(struct winetest_scan *scan, struct strlist *list, const char *format, va_list args)
    PRINTF_LIKE(3, 0);
static void scan_add_remark(struct winetest_scan *scan, struct strlist *list, const char *format, va_list args)
{
    struct error line; /* makes one line without control characters, marked where it was cut */
    if (list->count >= PERISCOPE_WINETEST_MAX_REMARKS)
        return;
    error_vset(&line, ERR_INVALID, format, args);
    bool last = list->count == PERISCOPE_WINETEST_MAX_REMARKS - 1;
    if (!strlist_add(list, last ? "further ones are not kept" : line.text))
        scan->failed = true;
}

void winetest_problem(struct winetest_scan *scan, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    scan_add_remark(scan, &scan->problems, format, args);
    va_end(args);
}

void winetest_note(struct winetest_scan *scan, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    scan_add_remark(scan, &scan->notes, format, args);
    va_end(args);
}

char *winetest_name(struct slice name)
{
    size_t len = name.len < PERISCOPE_WINETEST_MAX_NAME ? name.len : PERISCOPE_WINETEST_MAX_NAME;
    char *copy = malloc(len + 1);
    if (!copy)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = name.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                     c == '_' || c == '-';
        copy[i] = plain ? (char)c : '_';
    }
    copy[len] = '\0';
    return copy;
}
