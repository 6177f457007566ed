/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes: a slice borrows, a buffer owns and is bounded. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "base/format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
    const uint8_t *data; /* borrowed */
    size_t len;
};

/* Failure is sticky: after one append that could not be made, `failed` is set, nothing more is added, and
   the owner checks once at the end. */
struct buffer {
    uint8_t *data; /* owned */
    size_t len, capacity;
    size_t limit; /* bytes; an append beyond it fails */
    bool failed;
};

void buffer_init(struct buffer *b, size_t limit);
void buffer_deinit(struct buffer *b); /* accepts a zeroed one */
void buffer_clear(struct buffer *b);  /* empties it and forgets a failure; keeps the memory */

/* Room for len more bytes, whose start is returned and which count as appended; NULL after a failure. */
uint8_t *buffer_extend(struct buffer *b, size_t len);
bool buffer_append(struct buffer *b, const void *data, size_t len);
bool buffer_printf(struct buffer *b, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
