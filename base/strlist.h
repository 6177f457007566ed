/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An owned list of strings, most often of "key=value" facts or options. */
#ifndef BASE_STRLIST_H
#define BASE_STRLIST_H

#include "base/format.h"

#include <stdbool.h>
#include <stddef.h>

#define STRLIST_MAX_COUNT 65536 /* items */

struct strlist {
    char **items; /* owned, like each item; NULL-terminated after the first addition */
    size_t count, capacity;
    bool failed; /* sticky: memory ran out or the list is full */
};

void strlist_deinit(struct strlist *list); /* accepts a zeroed one; leaves it zeroed */
bool strlist_add(struct strlist *list, const char *text);
bool strlist_addf(struct strlist *list, const char *format, ...) PRINTF_LIKE(2, 3);

/* Returns the value of the first "key=value" item with this key, or NULL. It is borrowed from the list. */
const char *strlist_get(const struct strlist *list, const char *key);

#endif
