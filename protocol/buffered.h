/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A buffered source of wire bytes: small reads come from its memory, large ones go directly to the reader's. */
#ifndef PROTOCOL_BUFFERED_H
#define PROTOCOL_BUFFERED_H

#include "protocol/wire.h"

struct buffered_source {
    struct source source; /* must be first: the source is the buffered_source */
    /* Receives 1 to max bytes and returns their number, 0 at the end of the stream, or a negative status. */
    int (*fill)(void *context, void *bytes, size_t max, struct error *err);
    void *context;  /* borrowed */
    uint8_t *bytes; /* borrowed: room for `size` bytes */
    size_t size, start, end;
};

/* Initialises an empty source. It borrows context and bytes as long as it is used. */
void buffered_init(struct buffered_source *buffered, int (*fill)(void *, void *, size_t, struct error *), void *context,
                   uint8_t *bytes, size_t size);
/* Returns whether received bytes are waiting to be read. */
bool buffered_has_bytes(const struct buffered_source *buffered);
/* Drops the bytes that were received and not read. */
void buffered_clear(struct buffered_source *buffered);

#endif
