/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/tail.h"

#include "host/common/json.h"
#include "host/periscope.h"
#include "host/web/gateway.h"
#include "host/web/guest.h"
#include "platform/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tail *tail_new(struct guest *guest, uint32_t id, const char *what, struct error *err)
{
    struct tail *tail = calloc(1, sizeof *tail);
    if (!tail || os_waker_new(&tail->stopped, err)) {
        free(tail);
        error_set(err, ERR_NO_MEMORY, "no memory to follow '%s'", what);
        return NULL;
    }
    tail->owners = 1;
    tail->guest = guest;
    tail->id = id;
    tail->lock = os_mutex_new();
    snprintf(tail->what, sizeof tail->what, "%s", what);
    buffer_init(&tail->kept, TAIL_KEPT_MAX);
    return tail;
}

void tail_release(struct tail *tail)
{
    if (atomic_fetch_sub(&tail->owners, 1) > 1)
        return;
    os_waker_free(tail->stopped);
    os_mutex_free(tail->lock);
    buffer_deinit(&tail->kept);
    free(tail);
}

void tail_stop(struct tail *tail)
{
    if (!tail)
        return;
    atomic_store(&tail->stop, true);
    os_mutex_lock(tail->lock);
    if (tail->periscope)
        periscope_interrupt(tail->periscope);
    os_mutex_unlock(tail->lock);
    os_waker_set(tail->stopped);
    tail_release(tail);
}

/* ---- what has come ---- */

/* Drops bytes at the beginning; with the lock. */
static void tail_drop(struct tail *tail, size_t len)
{
    memmove(tail->kept.data, tail->kept.data + len, tail->kept.len - len);
    tail->kept.len -= len;
    tail->offset += len;
}

void tail_add(struct tail *tail, const void *bytes, size_t len)
{
    const uint8_t *from = bytes;
    os_mutex_lock(tail->lock);
    if (len > TAIL_KEPT_MAX) {
        tail->offset += tail->kept.len + len - TAIL_KEPT_MAX;
        tail->kept.len = 0;
        from += len - TAIL_KEPT_MAX;
        len = TAIL_KEPT_MAX;
    }
    if (tail->kept.len + len > TAIL_KEPT_MAX)
        tail_drop(tail, tail->kept.len + len - TAIL_KEPT_MAX);
    buffer_append(&tail->kept, from, len);
    os_mutex_unlock(tail->lock);
    gateway_wake(tail->guest->gateway);
}

void tail_end(struct tail *tail, const char *reason)
{
    os_mutex_lock(tail->lock);
    tail->ended = true;
    snprintf(tail->reason, sizeof tail->reason, "%s", reason);
    os_mutex_unlock(tail->lock);
    gateway_wake(tail->guest->gateway);
}

/* Returns how many bytes end with a whole character: the rest of one may still come. */
static size_t tail_whole(const uint8_t *bytes, size_t len)
{
    for (size_t back = 1; back <= 3 && back <= len; back++) {
        uint8_t byte = bytes[len - back];
        size_t needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
        if ((byte & 0xc0) != 0x80)
            return needs > back ? len - back : len;
    }
    return len;
}

/* Returns how many of the bytes that wait make the next message; with the lock. */
static size_t tail_piece(const struct tail *tail)
{
    size_t len = tail->kept.len < TAIL_PIECE_MAX ? tail->kept.len : TAIL_PIECE_MAX;
    size_t whole = tail_whole(tail->kept.data, len);
    return tail->ended && len == tail->kept.len ? len : whole;
}

static struct blob *tail_message(struct tail *tail, const char *kind, size_t len)
{
    struct json json;
    json_init(&json);
    json_object_begin(&json, NULL);
    json_text(&json, "t", kind);
    json_number(&json, "id", tail->id);
    if (len) {
        json_number(&json, "offset", tail->offset);
        json_text_len(&json, "text", tail->kept.data, len);
        tail_drop(tail, len);
    } else {
        json_text(&json, "reason", tail->reason);
    }
    json_object_end(&json);
    struct blob *blob = json.out.failed ? NULL : blob_copy(json.out.data, json.out.len);
    json_deinit(&json);
    return blob;
}

struct blob *tail_next(struct tail *tail)
{
    struct blob *message = NULL;
    os_mutex_lock(tail->lock);
    size_t len = tail->kept.len ? tail_piece(tail) : 0;
    if (len) {
        message = tail_message(tail, "log", len);
    } else if (tail->ended && !tail->told_end) {
        tail->told_end = true;
        message = tail_message(tail, "logend", 0);
    }
    os_mutex_unlock(tail->lock);
    return message;
}

size_t tail_new_part(const uint8_t *before, size_t before_len, const uint8_t *now, size_t now_len)
{
    if (before_len == 0)
        return 0;
    /* Where nothing was dropped at the beginning the old text is the new one's. */
    if (now_len >= before_len && memcmp(before, now, before_len) == 0)
        return before_len;
    size_t tail = before_len < 512 ? before_len : 512;
    for (size_t end = now_len; end >= tail; end--)
        if (memcmp(now + end - tail, before + before_len - tail, tail) == 0)
            return end;
    return 0;
}
