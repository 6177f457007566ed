/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_init(struct buffer *b, size_t limit)
{
    *b = (struct buffer){.limit = limit};
}

void buffer_init_fixed(struct buffer *b, void *storage, size_t size)
{
    *b = (struct buffer){.data = storage, .capacity = size, .limit = size};
}

void buffer_deinit(struct buffer *b)
{
    free(b->data);
    budget_resize(b->budget, b->capacity, 0);
    *b = (struct buffer){0};
}

void buffer_clear(struct buffer *b)
{
    b->len = 0;
    b->failed = b->over_budget = false;
}

/* Gives the buffer another capacity, unless memory or the budget does not suffice. */
static bool buffer_set_capacity(struct buffer *b, size_t capacity)
{
    if (!budget_resize(b->budget, b->capacity, capacity)) {
        b->over_budget = true;
        return false;
    }
    uint8_t *data = realloc(b->data, capacity);
    if (!data) {
        budget_resize(b->budget, capacity, b->capacity);
        return false;
    }
    b->data = data;
    b->capacity = capacity;
    return true;
}

bool buffer_reserve(struct buffer *b, size_t len)
{
    if (b->failed)
        return false;
    if (len <= b->capacity - b->len)
        return true;
    if (len > b->limit || b->len > b->limit - len) {
        b->failed = true;
        return false;
    }
    size_t want = b->len + len;
    size_t capacity = b->capacity > b->limit / 2 ? b->limit : b->capacity * 2;
    if (capacity > want && buffer_set_capacity(b, capacity))
        return true;
    b->over_budget = false;
    b->failed = !buffer_set_capacity(b, want);
    return !b->failed;
}

uint8_t *buffer_extend(struct buffer *b, size_t len)
{
    if (!buffer_reserve(b, len))
        return NULL;
    uint8_t *start = b->data + b->len;
    b->len += len;
    return start;
}

bool buffer_append(struct buffer *b, const void *data, size_t len)
{
    if (len == 0)
        return !b->failed;
    uint8_t *start = buffer_extend(b, len);
    if (start)
        memcpy(start, data, len);
    return start != NULL;
}

bool buffer_printf(struct buffer *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0 || !buffer_reserve(b, (size_t)len + 1)) {
        b->failed = true;
        return false;
    }
    va_start(args, format);
    vsnprintf((char *)b->data + b->len, (size_t)len + 1, format, args);
    va_end(args);
    b->len += (size_t)len;
    return true;
}
