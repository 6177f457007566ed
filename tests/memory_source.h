/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A wire source over bytes in memory, given out in pieces of at most `step`. */
#ifndef TESTS_MEMORY_SOURCE_H
#define TESTS_MEMORY_SOURCE_H

#include "protocol/wire.h"

#include <string.h>

struct memory_source {
    struct source source; /* first: the source is the memory_source */
    const uint8_t *bytes; /* borrowed; what is left */
    size_t left, step;
};

static inline int memory_source_read(struct source *source, void *bytes, size_t max, struct error *err)
{
    struct memory_source *memory = (struct memory_source *)(void *)source;
    size_t len = memory->left < max ? memory->left : max;
    (void)err;
    if (len > memory->step)
        len = memory->step;
    if (len == 0)
        return 0;
    memcpy(bytes, memory->bytes, len);
    memory->bytes += len;
    memory->left -= len;
    return (int)len;
}

static inline struct memory_source memory_source(const void *bytes, size_t len, size_t step)
{
    return (struct memory_source){{memory_source_read}, bytes, len, step};
}

#endif
