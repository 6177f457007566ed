/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes the streams of a program that is to be started. */
#include "agent/stream/private.h"

#include <stdlib.h>
#include <string.h>

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
    os_mutex_lock(streams_lock());
    int status = spool_open(err);
    if (status == 0)
        status = os_pipes_start(&streams_reader, err);
    os_mutex_unlock(streams_lock());
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
    os_mutex_lock(streams_lock());
    streams_list(streams);
    os_mutex_unlock(streams_lock());
    return streams;
}

static int streams_new_any(struct streams **out, unsigned which, struct os_pty_size size, struct os_process_spec *spec,
                           struct error *err)
{
    *out = NULL;
    streams_make_lock();
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

void streams_begin(struct streams *streams, struct os_process_spec *spec)
{
    if (streams->in)
        os_pipe_started(streams->in);
    for (int i = 0; i < STREAM_COUNT; i++) {
        os_mutex_lock(streams_lock()); /* the thread may free it as soon as it has no other end */
        if (streams->parts[i].pipe)
            os_pipe_started(streams->parts[i].pipe);
        os_mutex_unlock(streams_lock());
    }
    memset(spec->pipes, 0, sizeof spec->pipes);
}
