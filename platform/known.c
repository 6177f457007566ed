/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/known.h"

#include <stdlib.h>
#include <string.h>

static const char *known_path(const char *known)
{
    for (int i = 0; i < 2 && known; i++)
        known = strchr(known, ' ') ? strchr(known, ' ') + 1 : NULL;
    return known ? known : "";
}

static int known_compare(const void *a, const void *b)
{
    return strcmp(known_path(*(char *const *)a), known_path(*(char *const *)b));
}

void known_sort(struct strlist *known)
{
    if (known->count)
        qsort(known->items, known->count, sizeof *known->items, known_compare);
}

const char *known_find(const struct strlist *known, const char *path)
{
    size_t low = 0, high = known->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(known_path(known->items[middle]), path);
        if (order == 0)
            return known->items[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
