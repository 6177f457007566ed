/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/strlist.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void strlist_deinit(struct strlist *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct strlist){0};
}

static bool add_owned(struct strlist *list, char *text)
{
    if (!text || list->failed || list->count >= STRLIST_MAX_COUNT)
        goto fail;
    if (list->count + 1 >= list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 16;
        char **items = realloc(list->items, capacity * sizeof *items);
        if (!items)
            goto fail;
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = text;
    list->items[list->count] = NULL;
    return true;
fail:
    free(text);
    list->failed = true;
    return false;
}

bool strlist_add(struct strlist *list, const char *text)
{
    return add_owned(list, strdup(text));
}

bool strlist_addf(struct strlist *list, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = len < 0 ? NULL : malloc((size_t)len + 1);
    if (text) {
        va_start(args, format);
        vsnprintf(text, (size_t)len + 1, format, args);
        va_end(args);
    }
    return add_owned(list, text);
}

const char *strlist_get(const struct strlist *list, const char *key)
{
    size_t len = strlen(key);
    for (size_t i = 0; i < list->count; i++)
        if (strncmp(list->items[i], key, len) == 0 && list->items[i][len] == '=')
            return list->items[i] + len + 1;
    return NULL;
}
