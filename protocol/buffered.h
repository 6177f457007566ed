/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A buffered source of wire bytes: small reads come from memory, large ones go straight to where they are wanted. */
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

/* Prepares a source without any bytes; context and bytes are borrowed for as long as it is used. */
void buffered_init(struct buffered_source *buffered, int (*fill)(void *, void *, size_t, struct error *), void *context,
                   uint8_t *bytes, size_t size);
/* Returns whether received bytes wait to be read. */
bool buffered_has_bytes(const struct buffered_source *buffered);
/* Drops what was received and not read. */
void buffered_clear(struct buffered_source *buffered);

#endif
