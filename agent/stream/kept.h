/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is kept of one output: a head, which stays, and a tail, of which the first block makes room for the next one. Its
   caller's lock guards it and the spool. */
#ifndef AGENT_STREAM_KEPT_H
#define AGENT_STREAM_KEPT_H

#include "agent/stream/spool.h"

#define KEPT_HEAD_BLOCKS 8   /* 1 MiB */
#define KEPT_TAIL_BLOCKS 128 /* 16 MiB */

struct kept {
    uint64_t head_end;        /* bytes [0, head_end) are kept */
    uint64_t tail_start, end; /* and bytes [tail_start, end) */
    bool head_closed;         /* nothing is added to the head any more */
    unsigned tail_first, tail_count;
    uint16_t head[KEPT_HEAD_BLOCKS];
    uint16_t *tail; /* owned: a ring of KEPT_TAIL_BLOCKS, from tail_first on; NULL until it is needed */
};

/* Finds where in the spool the next bytes go, and how many fit there. Where there is no room for the tail, its first block
   is dropped if may_drop. Returns false when there is none. */
bool kept_find_room(struct kept *kept, bool may_drop, uint64_t *at, size_t *max);
/* Adds bytes that were put there; none: gives the room back. */
void kept_add(struct kept *kept, size_t len);
/* Counts bytes that were not put anywhere: the tail no longer leads up to them, and is dropped. */
void kept_skip(struct kept *kept, size_t len);
void kept_drop_all(struct kept *kept);

/* Returns the first position from there on that is kept, or the end. */
uint64_t kept_from(const struct kept *kept, uint64_t position);
/* Returns how many bytes are kept from there on without a gap; position is one that kept_from() has returned. */
uint64_t kept_len(const struct kept *kept, uint64_t position);
/* Returns how many bytes of those, up to max, are in one piece, and where in the spool. */
size_t kept_piece(const struct kept *kept, uint64_t position, uint64_t max, uint64_t *at);

/* As a line's fields, and from them; false when they are none. */
void kept_save(const struct kept *kept, struct buffer *out);
bool kept_restore(struct kept *kept, const char *text);

#endif
