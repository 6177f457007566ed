/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "protocol/buffered.h"

#include <string.h>

static int buffered_read(struct source *source, void *bytes, size_t max, struct error *err)
{
    struct buffered_source *buffered = (struct buffered_source *)(void *)source;
    if (buffered->start == buffered->end) {
        if (max >= buffered->size)
            return buffered->fill(buffered->context, bytes, max, err);
        int got = buffered->fill(buffered->context, buffered->bytes, buffered->size, err);
        if (got <= 0)
            return got;
        buffered->start = 0;
        buffered->end = (size_t)got;
    }
    size_t len = buffered->end - buffered->start;
    if (len > max)
        len = max;
    memcpy(bytes, buffered->bytes + buffered->start, len);
    buffered->start += len;
    return (int)len;
}

void buffered_init(struct buffered_source *buffered, int (*fill)(void *, void *, size_t, struct error *), void *context,
                   uint8_t *bytes, size_t size)
{
    *buffered = (struct buffered_source){
        .source = {buffered_read}, .fill = fill, .context = context, .bytes = bytes, .size = size};
}

bool buffered_has_bytes(const struct buffered_source *buffered)
{
    return buffered->start < buffered->end;
}

void buffered_clear(struct buffered_source *buffered)
{
    buffered->start = buffered->end = 0;
}
