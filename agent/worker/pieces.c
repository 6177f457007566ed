/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/worker/pieces.h"

#include "protocol/wire.h"

#define FACTS_MAX (1u << 20) /* bytes of what is not the file */

/* ---- with the lock ---- */

static int pieces_send_facts(struct pieces *pieces, struct buffer *facts, struct error *err)
{
    int status = facts->failed ? error_set(err, ERR_NO_MEMORY, "no memory for the capture worker's answer")
                               : os_worker_pipe_write(pieces->pipe, &(struct slice){facts->data, facts->len}, 1, err);
    buffer_deinit(facts);
    return status;
}

/* Sends what was gathered and what follows it as one entry. */
static int pieces_send_file(struct pieces *pieces, const uint8_t *bytes, size_t len, struct error *err)
{
    char storage[WIRE_ENTRY_HEADER_SIZE];
    struct buffer head;
    buffer_init_fixed(&head, storage, sizeof storage);
    write_entry_header(&head, WIRE_DATA, pieces->gathered->len + len);
    struct slice parts[] = {{head.data, head.len}, {pieces->gathered->data, pieces->gathered->len}, {bytes, len}};
    pieces->left--;
    int status = os_worker_pipe_write(pieces->pipe, parts, 3, err);
    buffer_clear(pieces->gathered);
    return status;
}

/* Ends the answer with these facts. */
static int pieces_fill_up(struct pieces *pieces, struct buffer *facts, struct error *err)
{
    for (; pieces->left > 0; pieces->left--)
        write_entry_undefined(facts);
    buffer_clear(pieces->gathered);
    return pieces_send_facts(pieces, facts, err);
}

/* ---- the sink ---- */

static int pieces_begin(void *context, const struct strlist *facts, size_t writes, struct error *err)
{
    struct pieces *pieces = context;
    struct buffer head;
    uint32_t later = (uint32_t)writes + PICTURE_LATE_FACTS;
    buffer_init(&head, FACTS_MAX);
    write_u32(&head, (uint32_t)facts->count + later);
    for (size_t i = 0; i < facts->count; i++)
        write_entry_text(&head, WIRE_STRING, facts->items[i]);
    os_mutex_lock(pieces->lock);
    if (!head.failed) {
        pieces->told = facts->count;
        pieces->left = later;
    }
    int status = pieces_send_facts(pieces, &head, err);
    os_mutex_unlock(pieces->lock);
    return status;
}

static int pieces_write(void *context, const uint8_t *bytes, size_t len, struct error *err)
{
    struct pieces *pieces = context;
    int status = 0;
    os_mutex_lock(pieces->lock);
    if (pieces->gathered->len + len >= PIECES_LEAST)
        status = pieces_send_file(pieces, bytes, len, err);
    else if (!buffer_append(pieces->gathered, bytes, len))
        status = error_set(err, ERR_NO_MEMORY, "no memory for a part of the picture");
    os_mutex_unlock(pieces->lock);
    return status;
}

void pieces_init(struct pieces *pieces, struct os_worker_pipe *pipe, struct buffer *gathered)
{
    *pieces = (struct pieces){
        .sink = {pieces_begin, pieces_write, pieces}, .pipe = pipe, .gathered = gathered, .lock = os_mutex_new()};
}

/* ---- the end ---- */

bool pieces_begun(struct pieces *pieces)
{
    os_mutex_lock(pieces->lock);
    bool begun = pieces->left > 0;
    os_mutex_unlock(pieces->lock);
    return begun;
}

int pieces_end(struct pieces *pieces, const struct strlist *facts, struct error *err)
{
    int status = 0;
    struct buffer rest;
    buffer_init(&rest, FACTS_MAX);
    os_mutex_lock(pieces->lock);
    if (pieces->gathered->len > 0)
        status = pieces_send_file(pieces, NULL, 0, err);
    for (size_t i = pieces->told; i < facts->count && pieces->left > 0; i++, pieces->left--)
        write_entry_text(&rest, WIRE_STRING, facts->items[i]);
    int ended = pieces_fill_up(pieces, &rest, err);
    os_mutex_unlock(pieces->lock);
    return status ? status : ended;
}

int pieces_fail(struct pieces *pieces, const char *reason, struct error *err)
{
    struct buffer rest;
    buffer_init(&rest, FACTS_MAX);
    os_mutex_lock(pieces->lock);
    write_entry_text(&rest, WIRE_ERROR, reason);
    pieces->left--;
    int status = pieces_fill_up(pieces, &rest, err);
    os_mutex_unlock(pieces->lock);
    return status;
}
