/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The streams of programs. */
#include "agent/stream/private.h"
#include "platform/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct streams *streams_oldest, *streams_newest;
unsigned streams_paused;
bool streams_frozen;

static struct os_mutex *lock;

struct os_mutex *streams_lock(void)
{
    return lock;
}

void streams_list(struct streams *streams)
{
    streams->older = streams_newest;
    *(streams_newest ? &streams_newest->newer : &streams_oldest) = streams;
    streams_newest = streams;
}

static void streams_unlist(struct streams *streams)
{
    *(streams->newer ? &streams->newer->older : &streams_newest) = streams->older;
    *(streams->older ? &streams->older->newer : &streams_oldest) = streams->newer;
}

void streams_wake(struct streams *streams)
{
    for (struct stream_waiter *w = streams->waiters; w; w = w->next)
        os_waker_set(w->waker);
}

enum os_wait_result streams_wait(struct streams *streams, struct os_waker *waker, struct os_socket *client,
                                 int64_t deadline_ms)
{
    struct stream_waiter waiter = {waker, streams->waiters}, **link = &streams->waiters;
    streams->waiters = &waiter;
    os_mutex_unlock(lock);
    enum os_wait_result result = os_socket_wait(client, waker, deadline_ms);
    os_mutex_lock(lock);
    while (*link != &waiter)
        link = &(*link)->next;
    *link = waiter.next;
    os_waker_clear(waker);
    return result;
}

/* ---- their life ---- */

static void make_lock(void)
{
    static atomic_flag making = ATOMIC_FLAG_INIT;
    while (atomic_flag_test_and_set(&making))
        os_sleep_ms(1);
    if (!lock)
        lock = os_mutex_new();
    atomic_flag_clear(&making);
}

static int add_pipe(struct streams *streams, enum stream_name name, struct error *err)
{
    struct stream *stream = &streams->parts[name];
    int status = os_pipe_new(&stream->pipe, false, err);
    stream->exists = status == 0;
    return status;
}

static int streams_make_terminal(struct streams *streams, struct os_pty_size size, struct error *err)
{
    struct stream *output = &streams->parts[STREAM_OUT];
    int status = os_pty_new(&streams->in, &output->pipe, size, err);
    streams->had_in = output->exists = streams->terminal = status == 0;
    return status;
}

static int streams_make_pipes(struct streams *streams, unsigned which, struct error *err)
{
    int status = which & STREAMS_IN ? os_pipe_new(&streams->in, true, err) : 0;
    streams->had_in = status == 0 && streams->in;
    if (status == 0 && which & (STREAMS_OUT | STREAMS_MERGED))
        status = add_pipe(streams, STREAM_OUT, err);
    if (status == 0 && which & STREAMS_ERR)
        status = add_pipe(streams, STREAM_ERR, err);
    return status;
}

/* Makes the pipes with the rights of who the program runs as, whose they then are: it may open /dev/stdout. */
static int streams_make_as(struct streams *streams, unsigned which, struct os_pty_size size,
                           const struct os_identity *as, struct error *err)
{
    int status = os_identity_enter(as, err);
    if (status)
        return status;
    status = size.columns ? streams_make_terminal(streams, size, err) : streams_make_pipes(streams, which, err);
    os_identity_leave(as);
    return status;
}

/* Watches a pipe before anything can be written to it; the thread frees it at its end. */
static int watch_pipe(struct stream *stream, struct error *err)
{
    if (!stream->pipe)
        return 0;
    streams_hold(stream->owner);
    int status = os_pipe_watch(stream->pipe, stream, err);
    if (status)
        streams_release(stream->owner);
    return status;
}

/* Watches all, or frees what it can't watch. */
static int watch_pipes(struct streams *streams, int status, struct error *err)
{
    for (int i = 0; i < STREAM_COUNT; i++) {
        struct stream *stream = &streams->parts[i];
        if (status == 0)
            status = watch_pipe(stream, err);
        if (status == 0)
            continue;
        os_pipe_free(stream->pipe);
        stream->pipe = NULL;
    }
    return status;
}

static int streams_prepare(struct error *err)
{
    os_mutex_lock(lock);
    int status = spool_open(err);
    if (status == 0)
        status = os_pipes_start(&streams_reader, err);
    os_mutex_unlock(lock);
    return status;
}

static struct streams *streams_make(void)
{
    struct streams *streams = calloc(1, sizeof *streams);
    if (!streams)
        return NULL;
    streams->uses = 1;
    for (int i = 0; i < STREAM_COUNT; i++)
        streams->parts[i].owner = streams;
    os_mutex_lock(lock);
    streams_list(streams);
    os_mutex_unlock(lock);
    return streams;
}

static int streams_new_any(struct streams **out, unsigned which, struct os_pty_size size, struct os_process_spec *spec,
                           struct error *err)
{
    *out = NULL;
    make_lock();
    int status = streams_prepare(err);
    if (status)
        return status;
    struct streams *streams = streams_make();
    if (!streams)
        return error_set(err, ERR_NO_MEMORY, "Cannot allocate memory");
    status = streams_make_as(streams, which, size, spec->as, err);
    spec->terminal = size.columns > 0;
    spec->pipes[0] = streams->in;
    spec->pipes[1] = streams->parts[STREAM_OUT].pipe;
    spec->pipes[2] = which & STREAMS_MERGED ? spec->pipes[1] : streams->parts[STREAM_ERR].pipe;
    status = watch_pipes(streams, status, err);
    if (status) {
        streams_begin(streams, spec);
        streams_release(streams);
        return status;
    }
    *out = streams;
    return 0;
}

int streams_new(struct streams **out, unsigned which, struct os_process_spec *spec, struct error *err)
{
    return streams_new_any(out, which, (struct os_pty_size){0, 0}, spec, err);
}

int streams_new_terminal(struct streams **out, struct os_pty_size size, struct os_process_spec *spec, struct error *err)
{
    return streams_new_any(out, STREAMS_MERGED, size, spec, err);
}

int streams_terminal(struct streams *streams, struct os_pty_size size, const char *signal, struct error *err)
{
    int status = 0;
    os_mutex_lock(lock); /* the thread frees the pipe at its end */
    struct os_pipe *output = streams->parts[STREAM_OUT].pipe;
    if (!output)
        status = error_set(err, ERR_UNAVAILABLE, "nobody has its terminal open any more");
    if (status == 0 && size.columns)
        status = os_pty_resize(output, size, err);
    if (status == 0 && signal)
        status = os_pty_signal(output, signal, err);
    os_mutex_unlock(lock);
    return status;
}

void streams_begin(struct streams *streams, struct os_process_spec *spec)
{
    if (streams->in)
        os_pipe_started(streams->in);
    for (int i = 0; i < STREAM_COUNT; i++) {
        os_mutex_lock(lock); /* the thread may free it as soon as it has no other end */
        if (streams->parts[i].pipe)
            os_pipe_started(streams->parts[i].pipe);
        os_mutex_unlock(lock);
    }
    memset(spec->pipes, 0, sizeof spec->pipes);
}

void streams_hold(struct streams *streams)
{
    if (!streams)
        return;
    os_mutex_lock(lock);
    streams->uses++;
    os_mutex_unlock(lock);
}

void streams_release(struct streams *streams)
{
    if (!streams)
        return;
    os_mutex_lock(lock);
    bool last = --streams->uses == 0;
    if (last) {
        streams_unlist(streams);
        for (int i = 0; i < STREAM_COUNT; i++)
            kept_drop_all(&streams->parts[i].kept);
        os_pipes_tick();
    }
    os_mutex_unlock(lock);
    if (!last)
        return;
    os_pipe_free(streams->in);
    free(streams);
}

const char *streams_names(const struct streams *streams)
{
    static const char *const names[] = {"", "in", "out", "in,out", "err", "in,err", "out,err", "in,out,err"};
    return names[streams->had_in | streams->parts[STREAM_OUT].exists << 1 | streams->parts[STREAM_ERR].exists << 2];
}

void streams_exited(struct streams *streams)
{
    if (!streams)
        return;
    os_mutex_lock(lock);
    streams->exited = true;
    streams->exit_ms = os_clock_ms();
    struct os_pipe *in = streams_take_input(streams);
    streams_wake(streams);
    os_mutex_unlock(lock);
    os_pipe_free(in);
}

/* ---- the quiet point of an upgrade ---- */

void streams_freeze(void)
{
    bool busy = true;
    make_lock();
    while (busy) {
        os_mutex_lock(lock);
        streams_frozen = true;
        busy = streams_moving;
        os_mutex_unlock(lock);
        os_sleep_ms(busy ? 1 : 0);
    }
    os_pipes_quiet();
}

/* Ends the handing over, of this process or the one before. */
static void streams_adopted(struct streams *streams)
{
    if (streams->in)
        os_pipe_adopted(streams->in);
    for (int i = 0; i < STREAM_COUNT; i++)
        if (streams->parts[i].pipe)
            os_pipe_adopted(streams->parts[i].pipe);
}

void streams_thaw(void)
{
    os_pipes_go_on();
    os_mutex_lock(lock);
    streams_frozen = false;
    bool any = streams_oldest != NULL;
    for (struct streams *streams = streams_oldest; streams; streams = streams->newer)
        streams_adopted(streams);
    if (spool_file())
        os_spool_adopted(spool_file());
    os_mutex_unlock(lock);
    if (any)
        os_pipes_tick();
}
