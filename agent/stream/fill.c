/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the thread that reads does: it moves what comes to the spool, where there is room. */
#include "agent/stream/private.h"
#include "agent/log.h"
#include "platform/clock.h"

#include <stdio.h>
#include <string.h>

#define TAKE_MAX (1u << 20) /* bytes of one program before the next one's turn */

/* ---- room. The lock is held. ---- */

bool stream_is_held(const struct stream *stream, uint64_t position)
{
    size_t index = (size_t)(stream - stream->owner->parts);
    for (const struct stream_look *look = stream->owner->looks; look; look = look->next)
        if (look->pace && look->parts[index].wanted && look->parts[index].offset < position)
            return true;
    for (int i = 0; i < STREAM_GRACES; i++)
        if (stream->graces[i].from < position && os_time_left(stream->graces[i].until) > 0)
            return true;
    return false;
}

int64_t stream_grace_end(const struct stream *stream)
{
    int64_t next = OS_FOREVER;
    for (int i = 0; i < STREAM_GRACES; i++)
        if (os_time_left(stream->graces[i].until) > 0 && stream->graces[i].until < next)
            next = stream->graces[i].until;
    return next;
}

static bool can_be_dropped(const struct streams *streams)
{
    const struct stream *out = &streams->parts[STREAM_OUT], *err = &streams->parts[STREAM_ERR];
    return streams->exited && !streams->looks && !out->pipe && !err->pipe && (out->kept.head_end || err->kept.head_end);
}

/* Drops what is kept of the program that was started first of those that have ended, and that nobody looks at. */
static bool drop_oldest_streams(void)
{
    struct streams *streams = streams_oldest;
    while (streams && !can_be_dropped(streams))
        streams = streams->newer;
    for (int i = 0; i < STREAM_COUNT && streams; i++) {
        kept_drop_all(&streams->parts[i].kept);
        snprintf(streams->parts[i].why, STREAM_WHY_SIZE, "its room was needed for later programs");
    }
    return streams != NULL;
}

struct place {
    bool none; /* there is no room: what comes is dropped */
    uint64_t at;
    size_t max;
};

/* Pauses the pipe until those who pace it have taken what is up to there. */
static bool pause_for(struct stream *stream, uint64_t position)
{
    streams_paused += !stream->paused;
    stream->paused = true;
    stream->paused_for = position;
    return false;
}

/* Finds where the next bytes go. Returns false when the pipe is to pause. */
static bool stream_place(struct stream *stream, struct place *place)
{
    struct kept *kept = &stream->kept;
    bool may_drop = !stream_is_held(stream, kept->tail_start + SPOOL_BLOCK);
    bool found = false, more = kept->tail_count < KEPT_TAIL_BLOCKS;
    *place = (struct place){.max = TAKE_MAX};
    while (more && !(found = kept_find_room(kept, false, &place->at, &place->max)))
        more = drop_oldest_streams();
    if (found || (may_drop && kept_find_room(kept, true, &place->at, &place->max)))
        return true;
    if (kept->tail_count > 0 && !may_drop)
        return pause_for(stream, kept->tail_start + SPOOL_BLOCK);
    if (stream_is_held(stream, kept->end))
        return pause_for(stream, kept->end);
    if (!*stream->why)
        snprintf(stream->why, STREAM_WHY_SIZE, "the outputs of other programs take all the room");
    place->none = true;
    return true;
}

/* ---- the thread that reads ---- */

static bool begin_move(struct stream *stream, struct place *place)
{
    os_mutex_lock(streams_lock());
    streams_moving = streams_frozen ? pause_for(stream, 0) : stream_place(stream, place);
    bool go_on = streams_moving;
    os_mutex_unlock(streams_lock());
    return go_on;
}

static void note_failure(struct stream *stream, const struct error *why)
{
    if (strcmp(stream->why, why->text) == 0)
        return;
    log_line("an output of a program can't be kept: %s", why->text);
    snprintf(stream->why, STREAM_WHY_SIZE, "%.*s", STREAM_WHY_SIZE - 1, why->text);
}

static void end_move(struct stream *stream, const struct place *place, int status, size_t got, const struct error *why)
{
    bool kept = status == 0 && !place->none;
    os_mutex_lock(streams_lock());
    if (!place->none)
        kept_add(&stream->kept, kept ? got : 0);
    if (!kept && got)
        kept_skip(&stream->kept, got);
    if (status < 0 && status != OS_PIPE_EMPTY && !place->none)
        note_failure(stream, why);
    streams_moving = false;
    if (got)
        streams_wake(stream->owner);
    os_mutex_unlock(streams_lock());
}

/* Makes other room where the spool has failed. Returns whether it may be tried again. */
static bool free_room(struct stream *stream)
{
    bool more = stream->kept.tail_count > 0 || !stream->kept.head_closed;
    kept_skip(&stream->kept, 0);
    return drop_oldest_streams() || more;
}

/* Decides after the spool has failed to take more: *drop, or to try again; those who pace the program have what is kept
   first. Returns false when the pipe is to pause. */
static bool begin_again(struct stream *stream, bool *drop)
{
    os_mutex_lock(streams_lock());
    bool held = stream_is_held(stream, stream->kept.end);
    bool go_on = streams_frozen || held ? pause_for(stream, streams_frozen ? 0 : stream->kept.end) : true;
    *drop = go_on && !free_room(stream);
    streams_moving = *drop;
    os_mutex_unlock(streams_lock());
    return go_on;
}

/* Ends a pipe, which the thread frees. */
static enum os_pipe_next end_pipe(struct stream *stream)
{
    struct streams *streams = stream->owner;
    os_mutex_lock(streams_lock());
    stream->pipe = NULL;
    struct os_pipe *in = streams_take_input(streams);
    streams_wake(streams);
    os_mutex_unlock(streams_lock());
    os_pipe_free(in);
    streams_release(streams);
    return OS_PIPE_DONE;
}

static int move_some(struct stream *stream, const struct place *place, size_t *got)
{
    struct error why = {0};
    int status = os_pipe_move(stream->pipe, place->none ? NULL : spool_file(), place->at, place->max, got, &why);
    end_move(stream, place, status, *got, &why);
    return status;
}

static enum os_pipe_next stream_ready(void *context)
{
    struct stream *stream = context;
    struct place place;
    for (size_t total = 0, got; total < TAKE_MAX; total += got) {
        if (!begin_move(stream, &place))
            return OS_PIPE_PAUSE;
        int status = move_some(stream, &place, &got);
        if (status == OS_PIPE_EMPTY)
            break;
        bool drop = false;
        if (status < 0 && !begin_again(stream, &drop))
            return OS_PIPE_PAUSE;
        place = (struct place){.none = true, .max = TAKE_MAX};
        if (drop)
            status = move_some(stream, &place, &got);
        if (status == 0 && got == 0)
            return end_pipe(stream);
    }
    return OS_PIPE_AGAIN;
}

void stream_resume(struct stream *stream)
{
    if (!stream->paused || streams_frozen || (stream->paused_for && stream_is_held(stream, stream->paused_for)))
        return;
    stream->paused = false;
    streams_paused--;
    os_pipe_resume(stream->pipe);
}

/* Resumes those whose client has not come back, and returns when the next one's time is over. The lock is held. */
static int64_t resume_paused(void)
{
    int64_t next = OS_FOREVER;
    for (struct streams *streams = streams_paused ? streams_oldest : NULL; streams; streams = streams->newer) {
        for (int i = 0; i < STREAM_COUNT; i++) {
            struct stream *stream = &streams->parts[i];
            stream_resume(stream);
            int64_t over = stream->paused ? stream_grace_end(stream) : OS_FOREVER;
            next = over < next ? over : next;
        }
    }
    return next;
}

static int64_t streams_tick(void)
{
    os_mutex_lock(streams_lock());
    int64_t next = resume_paused();
    bool empty = !streams_frozen && spool_is_done();
    os_mutex_unlock(streams_lock());
    if (empty) /* this thread alone takes blocks */
        os_spool_empty(spool_file());
    return next;
}

const struct os_pipe_reader streams_reader = {stream_ready, streams_tick};
