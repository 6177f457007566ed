/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Byte slices, which are borrowed, and byte buffers, which own their memory and have a limit. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "base/budget.h"
#include "base/format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
    const uint8_t *data; /* borrowed */
    size_t len;
};

/* A failure is sticky: after an append fails, `failed` is set and nothing more is appended. The owner checks it once at
   the end. */
struct buffer {
    uint8_t *data; /* owned */
    size_t len, capacity;
    size_t limit; /* bytes; an append beyond it fails */
    bool failed;
    bool over_budget;      /* it failed since the budget is used up */
    struct budget *budget; /* borrowed; NULL: none. Set behind buffer_init, it counts the capacity */
};

void buffer_init(struct buffer *b, size_t limit);
/* Takes the caller's storage, and never other memory: it can't fail before that is full. It is not deinited. */
void buffer_init_fixed(struct buffer *b, void *storage, size_t size);
void buffer_deinit(struct buffer *b); /* accepts a zeroed one */
void buffer_clear(struct buffer *b);  /* empties it and clears a failure; keeps the memory */

/* Makes room, so that appending len bytes can't fail for want of memory. */
bool buffer_reserve(struct buffer *b, size_t len);
/* Appends len bytes of undefined content and returns their start. Returns NULL after a failure. */
uint8_t *buffer_extend(struct buffer *b, size_t len);
bool buffer_append(struct buffer *b, const void *data, size_t len);
bool buffer_printf(struct buffer *b, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
