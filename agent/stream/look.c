/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What clients do with streams: look at the outputs, and write to the input. */
#include "agent/stream/private.h"
#include "platform/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COPY_STEP 65536u  /* bytes */
#define HURRY_MS 1        /* who came back for more so soon takes what comes as fast as it comes, */
#define HURRY_LEN 262144u /* and gets so many bytes at once, or what there is a moment later */

static const char *stream_text(enum stream_name name)
{
    return name == STREAM_OUT ? "out" : "err";
}

/* Refuses what can't be followed. The lock is held. */
static int look_check(const struct stream_look *look, struct error *err)
{
    for (int i = 0; i < STREAM_COUNT; i++) {
        const struct stream *stream = &look->streams->parts[i];
        if (!look->parts[i].wanted)
            continue;
        if (!stream->exists)
            return error_set(err, ERR_INVALID, "its stream %s was not asked for when it was started", stream_text(i));
        if (look->parts[i].offset > stream->kept.end)
            return error_set(err, ERR_INVALID, "%s=%" PRIu64 " is beyond the end of what it has written, %" PRIu64,
                             stream_text(i), look->parts[i].offset, stream->kept.end);
    }
    return 0;
}

static struct stream_grace *grace_of(struct stream *stream, const void *client)
{
    for (int i = 0; i < STREAM_GRACES; i++)
        if (stream->graces[i].client == client)
            return &stream->graces[i];
    return NULL;
}

/* Ends the grace of a client that has come back: its offset says what it has, so the program may go on. It may come over a new
   connection, while the old one seems to be there: who comes for the first time, and for what another was just sent, is that
   other one, but for the beginning, where all readers start. Who has gone may have come back long ago. */
static void come_back(struct stream *stream, struct stream_look *look, int index)
{
    const struct stream_part *part = &look->parts[index];
    struct stream_grace *own = look->pace && part->wanted ? grace_of(stream, look->client) : NULL;
    for (int i = 0; i < STREAM_GRACES && look->pace && part->wanted; i++) {
        struct stream_grace *grace = &stream->graces[i];
        bool same = grace == own || !grace->client || (!own && part->offset > 0 && part->offset <= grace->to);
        if (!same)
            continue;
        if (grace->until)
            look->left_ms = grace->left_ms;
        if (part->offset >= grace->from)
            grace->until = 0;
    }
    stream_resume(stream);
}

int stream_look_begin(struct stream_look *look, struct error *err)
{
    os_mutex_lock(streams_lock());
    int status = look_check(look, err);
    if (status == 0) {
        look->next = look->streams->looks;
        look->streams->looks = look;
        for (int i = 0; i < STREAM_COUNT; i++)
            come_back(&look->streams->parts[i], look, i);
    }
    os_mutex_unlock(streams_lock());
    return status;
}

/* Finds a place for a client's grace: its own, else the one that is over first. */
static struct stream_grace *grace_place(struct stream *stream, const void *client)
{
    struct stream_grace *place = grace_of(stream, client);
    for (int i = 0; i < STREAM_GRACES && (!place || place->client != client); i++)
        if (!place || stream->graces[i].until < place->until)
            place = &stream->graces[i];
    return place;
}

/* Lets a client that has paced the program come back for what it may not have received. */
static void leave_grace(struct stream *stream, const struct stream_look *look, const struct stream_part *part)
{
    *grace_place(stream, look->client) = (struct stream_grace){.client = look->client,
                                                               .from = part->offset,
                                                               .to = part->start + part->len,
                                                               .until = os_deadline(look->slow_ms),
                                                               .left_ms = os_clock_ms()};
}

void stream_look_end(struct stream_look *look)
{
    struct stream_look **link = &look->streams->looks;
    os_mutex_lock(streams_lock());
    while (*link != look)
        link = &(*link)->next;
    *link = look->next;
    for (int i = 0; i < STREAM_COUNT; i++)
        if (look->pace && look->parts[i].wanted)
            leave_grace(&look->streams->parts[i], look, &look->parts[i]);
    bool tick = streams_paused > 0;
    os_mutex_unlock(streams_lock());
    if (tick)
        os_pipes_tick(); /* the thread is to know when the grace is over */
}

static void shorten_grace(struct stream *stream, const void *client)
{
    int64_t until = os_deadline(STREAM_GONE_MS);
    struct stream_grace *grace = grace_of(stream, client);
    if (!grace)
        return;
    grace->client = NULL;
    if (grace->until > until)
        grace->until = until;
}

void streams_client_left(const void *client)
{
    os_mutex_lock(streams_lock());
    for (struct streams *streams = streams_oldest; streams; streams = streams->newer)
        for (int i = 0; i < STREAM_COUNT; i++)
            shorten_grace(&streams->parts[i], client);
    bool tick = streams_paused > 0;
    os_mutex_unlock(streams_lock());
    if (tick)
        os_pipes_tick(); /* the grace is over sooner */
}

static void look_at_part(const struct stream *stream, struct stream_part *part, uint64_t window)
{
    part->start = kept_from(&stream->kept, part->offset);
    part->len = kept_len(&stream->kept, part->start);
    if (part->len > window)
        part->len = window;
    part->end = stream->kept.end;
    part->ended = !stream->pipe;
    memcpy(part->why, stream->why, sizeof part->why);
}

/* Sets the parts, and returns whether there is something to tell. The lock is held. */
static bool look_at_all(struct stream_look *look)
{
    const struct streams *streams = look->streams;
    bool all_ended = true, any = look->window == 0;
    for (int i = 0; i < STREAM_COUNT; i++) {
        struct stream_part *part = &look->parts[i];
        if (!part->wanted)
            continue;
        look_at_part(&streams->parts[i], part, look->window);
        any |= part->end > part->offset;
        all_ended &= part->ended;
    }
    look->exited = streams->exited;
    look->held = streams->exited && !all_ended && os_time_left(streams->exit_ms + look->held_ms) == 0;
    return any || all_ended || look->held;
}

static int64_t look_deadline(const struct stream_look *look, int64_t deadline_ms)
{
    int64_t held = look->streams->exited ? look->streams->exit_ms + look->held_ms : OS_FOREVER;
    return held < deadline_ms ? held : deadline_ms;
}

/* Returns whether an answer now would be one of many small ones, each of which costs all that take part as much as a large
   one. */
static bool is_hurried(const struct stream_look *look)
{
    uint64_t len = 0;
    bool all_ended = true;
    for (int i = 0; i < STREAM_COUNT; i++) {
        if (!look->parts[i].wanted)
            continue;
        len += look->parts[i].len;
        all_ended &= look->parts[i].ended;
    }
    return look->left_ms && os_clock_ms() - look->left_ms <= HURRY_MS && len < HURRY_LEN && len < look->window &&
           !all_ended;
}

/* Lets more come. The lock is held, and released meanwhile. */
static void await_more(struct stream_look *look)
{
    os_mutex_unlock(streams_lock());
    os_sleep_ms(HURRY_MS);
    os_mutex_lock(streams_lock());
    (void)look_at_all(look);
}

int stream_look_wait(struct stream_look *look, struct os_socket *client, int64_t deadline_ms, struct error *err)
{
    struct os_waker *waker = NULL;
    int status = 0;
    os_mutex_lock(streams_lock());
    while (!look_at_all(look) && os_time_left(deadline_ms) > 0 && status == 0) {
        if (!waker)
            status = os_waker_new(&waker, err);
        else if (streams_wait(look->streams, waker, client, look_deadline(look, deadline_ms)) == OS_WAIT_HANGUP)
            status = error_set(err, ERR_CLOSED, "the client left while it followed a program");
    }
    if (status == 0 && is_hurried(look))
        await_more(look);
    os_mutex_unlock(streams_lock());
    os_waker_free(waker);
    return status;
}

/* Finds the next piece of a part; 0 where it is no longer kept. */
static size_t find_piece(const struct stream_look *look, enum stream_name name, uint64_t position, uint64_t max,
                         uint64_t *at)
{
    const struct kept *kept = &look->streams->parts[name].kept;
    os_mutex_lock(streams_lock());
    bool there = kept_from(kept, position) == position && position < kept->end;
    size_t len = there ? kept_piece(kept, position, max, at) : 0;
    os_mutex_unlock(streams_lock());
    return len;
}

int stream_part_send(struct stream_look *look, enum stream_name name, struct os_socket *socket, int stall_ms,
                     struct error *err)
{
    const struct stream_part *part = &look->parts[name];
    int status = 0;
    for (uint64_t done = 0; done < part->len && status == 0;) {
        uint64_t at;
        size_t len = find_piece(look, name, part->start + done, part->len - done, &at);
        if (len == 0)
            return error_set(err, ERR_CLOSED, "what was promised of a program's output is gone");
        status = os_socket_send_part(socket, spool_file(), at, len, stall_ms, err);
        done += len;
    }
    return status;
}

/* Copies one piece. Returns its length, or 0 where it was dropped, maybe while it was read. */
static int copy_piece(const struct stream_look *look, enum stream_name name, uint64_t position, uint64_t max,
                      struct buffer *out, struct error *err)
{
    uint64_t at, again;
    size_t len = find_piece(look, name, position, max < COPY_STEP ? max : COPY_STEP, &at);
    if (len == 0)
        return 0;
    uint8_t *room = buffer_extend(out, len);
    if (!room)
        return error_set(err, ERR_NO_MEMORY, "no memory for a reply");
    int got = os_file_read_at(spool_file(), at, room, len, err);
    out->len -= got == (int)len ? 0 : len;
    if (got != (int)len)
        return got < 0 ? got : error_set(err, ERR_SYSTEM, "the spool lacks %zu bytes", len);
    if (find_piece(look, name, position, len, &again) == len && again == at)
        return got;
    out->len -= len;
    return 0;
}

int stream_part_copy(struct stream_look *look, enum stream_name name, struct buffer *out, struct error *err)
{
    struct stream_part *part = &look->parts[name];
    for (uint64_t done = 0; done < part->len;) {
        int got = copy_piece(look, name, part->start + done, part->len - done, out, err);
        if (got < 0)
            return got;
        if (got == 0) {
            part->len = done; /* what follows is asked for again, and counted then */
            break;
        }
        done += (uint64_t)got;
    }
    return 0;
}

/* ---- the input ---- */

int streams_write_begin(struct streams *streams, struct os_socket *client, uint64_t *taken, struct error *err)
{
    struct os_waker *waker;
    int status = os_waker_new(&waker, err);
    if (status)
        return status;
    os_mutex_lock(streams_lock());
    if (!streams->had_in)
        status = error_set(err, ERR_INVALID, "its stream in was not asked for when it was started");
    while (streams->writing && status == 0)
        if (streams_wait(streams, waker, client, OS_FOREVER) == OS_WAIT_HANGUP)
            status = error_set(err, ERR_CLOSED, "the client left while it waited to write to a program");
    streams->writing |= status == 0;
    *taken = streams->in_taken;
    os_mutex_unlock(streams_lock());
    os_waker_free(waker);
    return status;
}

int streams_write(struct streams *streams, const void *bytes, size_t len, struct os_socket *client, struct error *err)
{
    size_t done = 0;
    if (len == 0)
        return 0;
    if (!streams->in)
        return error_set(err, ERR_UNAVAILABLE, "its input has ended");
    int status = os_pipe_write(streams->in, bytes, len, client, &done, err);
    streams->in_taken += done; /* this thread's turn */
    return status;
}

uint64_t streams_write_end(struct streams *streams, bool close)
{
    os_mutex_lock(streams_lock());
    struct os_pipe *pipe = close ? streams->in : NULL;
    if (close)
        streams->in = NULL;
    streams->writing = false;
    if (!pipe)
        pipe = streams_take_input(streams);
    uint64_t taken = streams->in_taken;
    streams_wake(streams);
    os_mutex_unlock(streams_lock());
    os_pipe_free(pipe);
    return taken;
}
