/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/stream/kept.h"
#include "base/number.h"

#include <inttypes.h>
#include <stdlib.h>

#define HEAD_MAX ((uint64_t)KEPT_HEAD_BLOCKS * SPOOL_BLOCK)

static bool fills_head(const struct kept *kept)
{
    return !kept->head_closed && kept->end < HEAD_MAX;
}

static unsigned tail_place(const struct kept *kept, unsigned index)
{
    return (kept->tail_first + index) % KEPT_TAIL_BLOCKS;
}

static void drop_first(struct kept *kept)
{
    spool_release(kept->tail[kept->tail_first]);
    kept->tail_first = tail_place(kept, 1);
    kept->tail_count--;
    kept->tail_start += SPOOL_BLOCK;
}

static void drop_tail(struct kept *kept)
{
    while (kept->tail_count > 0)
        drop_first(kept);
    kept->tail_start = kept->end;
}

/* Takes a block for the tail, in the place of its first one if need be. */
static int take_for_tail(struct kept *kept, bool may_drop)
{
    if (!kept->tail)
        kept->tail = calloc(KEPT_TAIL_BLOCKS, sizeof *kept->tail);
    if (!kept->tail)
        return SPOOL_NONE;
    int block = kept->tail_count < KEPT_TAIL_BLOCKS ? spool_take() : SPOOL_NONE;
    if (block != SPOOL_NONE || kept->tail_count == 0 || !may_drop)
        return block;
    drop_first(kept);
    return spool_take();
}

static bool find_in_tail(struct kept *kept, bool may_drop, uint64_t *at, size_t *max)
{
    unsigned within = (unsigned)((kept->end - kept->tail_start) % SPOOL_BLOCK);
    if (kept->end - kept->tail_start == (uint64_t)kept->tail_count * SPOOL_BLOCK) {
        int block = take_for_tail(kept, may_drop);
        if (block == SPOOL_NONE)
            return false;
        kept->tail[tail_place(kept, kept->tail_count++)] = (uint16_t)block;
    }
    *at = (uint64_t)kept->tail[tail_place(kept, kept->tail_count - 1)] * SPOOL_BLOCK + within;
    *max = SPOOL_BLOCK - within;
    return true;
}

static bool find_in_head(struct kept *kept, uint64_t *at, size_t *max)
{
    unsigned index = (unsigned)(kept->end / SPOOL_BLOCK), within = (unsigned)(kept->end % SPOOL_BLOCK);
    int block = within ? kept->head[index] : spool_take();
    if (block == SPOOL_NONE)
        return false;
    kept->head[index] = (uint16_t)block;
    *at = (uint64_t)block * SPOOL_BLOCK + within;
    *max = SPOOL_BLOCK - within;
    return true;
}

bool kept_find_room(struct kept *kept, bool may_drop, uint64_t *at, size_t *max)
{
    return fills_head(kept) ? find_in_head(kept, at, max) : find_in_tail(kept, may_drop, at, max);
}

/* Gives back the block that kept_find_room() took, if it has. */
static void give_room_back(struct kept *kept)
{
    uint64_t in_tail = kept->end - kept->tail_start;
    if (fills_head(kept) && kept->end % SPOOL_BLOCK == 0)
        spool_release(kept->head[kept->end / SPOOL_BLOCK]);
    else if (!fills_head(kept) && in_tail + SPOOL_BLOCK == (uint64_t)kept->tail_count * SPOOL_BLOCK)
        spool_release(kept->tail[tail_place(kept, --kept->tail_count)]);
}

void kept_add(struct kept *kept, size_t len)
{
    bool head = fills_head(kept);
    if (len == 0)
        give_room_back(kept);
    kept->end += len;
    if (head)
        kept->head_end = kept->tail_start = kept->end;
}

void kept_skip(struct kept *kept, size_t len)
{
    kept->head_closed = true;
    kept->end += len;
    drop_tail(kept);
}

void kept_drop_all(struct kept *kept)
{
    for (uint64_t at = 0; at < kept->head_end; at += SPOOL_BLOCK)
        spool_release(kept->head[at / SPOOL_BLOCK]);
    kept->head_end = 0;
    kept->head_closed = true;
    drop_tail(kept);
    free(kept->tail);
    kept->tail = NULL;
}

uint64_t kept_from(const struct kept *kept, uint64_t position)
{
    return position < kept->head_end || position >= kept->tail_start ? position : kept->tail_start;
}

uint64_t kept_len(const struct kept *kept, uint64_t position)
{
    bool to_gap = position < kept->head_end && kept->head_end < kept->tail_start;
    return (to_gap ? kept->head_end : kept->end) - position;
}

size_t kept_piece(const struct kept *kept, uint64_t position, uint64_t max, uint64_t *at)
{
    bool head = position < kept->head_end;
    uint64_t within = head ? position : position - kept->tail_start;
    unsigned index = (unsigned)(within / SPOOL_BLOCK);
    uint64_t left = (head ? kept->head_end : kept->end) - position;
    unsigned block = head ? kept->head[index] : kept->tail[tail_place(kept, index)];
    size_t piece = SPOOL_BLOCK - (size_t)(within % SPOOL_BLOCK);
    *at = (uint64_t)block * SPOOL_BLOCK + within % SPOOL_BLOCK;
    if (piece > left)
        piece = (size_t)left;
    return piece < max ? piece : (size_t)max;
}

/* ---- an upgrade ---- */

static unsigned head_count(const struct kept *kept)
{
    return (unsigned)((kept->head_end + SPOOL_BLOCK - 1) / SPOOL_BLOCK);
}

void kept_save(const struct kept *kept, struct buffer *out)
{
    buffer_printf(out, " %" PRIu64 " %" PRIu64 " %" PRIu64 " %d %u", kept->head_end, kept->tail_start, kept->end,
                  kept->head_closed, kept->tail_count);
    for (unsigned i = 0; i < head_count(kept); i++)
        buffer_printf(out, " %u", kept->head[i]);
    for (unsigned i = 0; i < kept->tail_count; i++)
        buffer_printf(out, " %u", kept->tail[tail_place(kept, i)]);
}

static bool take_field(const char **text, uint64_t max, uint64_t *value)
{
    if (**text != ' ')
        return false;
    ++*text;
    return number_take(text, max, value);
}

static bool take_blocks(const char **text, uint16_t *blocks, unsigned count)
{
    uint64_t block;
    for (unsigned i = 0; i < count; i++) {
        if (!take_field(text, SPOOL_BLOCKS - 1, &block) || !spool_take_block((unsigned)block))
            return false;
        blocks[i] = (uint16_t)block;
    }
    return true;
}

static bool restore_sizes(struct kept *kept, const char **text)
{
    uint64_t closed, count;
    if (!take_field(text, HEAD_MAX, &kept->head_end) || !take_field(text, INT64_MAX, &kept->tail_start) ||
        !take_field(text, INT64_MAX, &kept->end) || !take_field(text, 1, &closed) ||
        !take_field(text, KEPT_TAIL_BLOCKS, &count))
        return false;
    kept->head_closed = closed;
    kept->tail_count = (unsigned)count;
    uint64_t room = (uint64_t)count * SPOOL_BLOCK;
    return kept->head_end <= kept->tail_start && kept->tail_start <= kept->end &&
           kept->end - kept->tail_start <= room && (!fills_head(kept) || kept->head_end == kept->end);
}

bool kept_restore(struct kept *kept, const char *text)
{
    *kept = (struct kept){0};
    bool whole = restore_sizes(kept, &text) && take_blocks(&text, kept->head, head_count(kept));
    kept->tail = whole && kept->tail_count ? calloc(KEPT_TAIL_BLOCKS, sizeof *kept->tail) : NULL;
    whole = whole && (!kept->tail_count || (kept->tail && take_blocks(&text, kept->tail, kept->tail_count)));
    if (whole)
        return true;
    free(kept->tail);
    *kept = (struct kept){.head_closed = true}; /* blocks that were taken stay so: nobody knows whose they are */
    return false;
}
