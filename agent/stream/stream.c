/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The streams of programs: the list of all, how long each is there, and the quiet point of an upgrade. */
#include "agent/stream/private.h"
#include "platform/clock.h"

#include <stdatomic.h>
#include <stdlib.h>

struct streams *streams_oldest, *streams_newest;
unsigned streams_paused;
bool streams_frozen, streams_moving;

static struct os_mutex *lock;

void streams_make_lock(void)
{
    static atomic_flag making = ATOMIC_FLAG_INIT;
    while (atomic_flag_test_and_set(&making))
        os_sleep_ms(1);
    if (!lock)
        lock = os_mutex_new();
    atomic_flag_clear(&making);
}

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

const char *streams_names(const struct streams *streams)
{
    static const char *const names[] = {"", "in", "out", "in,out", "err", "in,err", "out,err", "in,out,err"};
    return names[streams->had_in | streams->parts[STREAM_OUT].exists << 1 | streams->parts[STREAM_ERR].exists << 2];
}

struct os_pipe *streams_take_input(struct streams *streams)
{
    bool open = streams->terminal && streams->parts[STREAM_OUT].pipe;
    struct os_pipe *in = streams->exited && !streams->writing && !open ? streams->in : NULL;
    if (in)
        streams->in = NULL;
    return in;
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
    streams_make_lock();
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
