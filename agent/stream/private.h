/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Only for agent/stream/. stream.c has what is shared; the others use that, and fill.c. */
#ifndef AGENT_STREAM_PRIVATE_H
#define AGENT_STREAM_PRIVATE_H

#include "agent/stream/stream.h"
#include "agent/stream/kept.h"
#include "platform/pipe.h"
#include "platform/thread.h"

struct stream_waiter {
    struct os_waker *waker;
    struct stream_waiter *next;
};

#define STREAM_GRACES 4 /* clients between two requests that a stream waits for; of more, those that left last */

/* What a client that has paced a stream may come back for. */
struct stream_grace {
    const void *client; /* NULL: it is gone, or this is free */
    uint64_t from, to;  /* it needs what is from there on; so far it was sent something */
    int64_t until;      /* if it asks for that by then; 0: it has come back */
    int64_t left_ms;    /* when its look ended */
};

struct stream {
    struct streams *owner;
    struct os_pipe *pipe; /* NULL: there is none, or it has ended. The thread that reads frees it */
    struct kept kept;
    bool exists, paused;
    uint64_t paused_for; /* while paused: what clients that pace must have taken before it goes on */
    struct stream_grace graces[STREAM_GRACES];
    char why[STREAM_WHY_SIZE]; /* why something could not be kept */
};

struct streams {
    struct streams *newer, *older; /* of all */
    unsigned uses;
    bool exited;
    int64_t exit_ms;
    struct stream parts[STREAM_COUNT];
    struct stream_look *looks;     /* on their owners' stacks */
    struct stream_waiter *waiters; /* so too */
    struct os_pipe *in;            /* owned; NULL: there is none, or it was closed */
    bool had_in, writing;
    bool terminal; /* what is typed can be read for as long as somebody has it open, the program or not */
    uint64_t in_taken;
};

/* Guards all of it, and the spool. NULL before streams_make_lock(). */
struct os_mutex *streams_lock(void);
void streams_make_lock(void);
extern struct streams *streams_oldest, *streams_newest;
extern unsigned streams_paused; /* pipes */
extern bool streams_frozen;
extern bool streams_moving; /* the thread has a place in the spool, and is about to fill it */

extern const struct os_pipe_reader streams_reader;

/* The lock is held in all that follow. */
void streams_list(struct streams *streams);
void streams_wake(struct streams *streams);
enum os_wait_result streams_wait(struct streams *streams, struct os_waker *waker, struct os_socket *client,
                                 int64_t deadline_ms);
/* Returns whether a client that paces the program has not taken all up to that position. */
bool stream_is_held(const struct stream *stream, uint64_t position);
/* Takes the input out, for os_pipe_free(), when nobody is to read it any more; NULL: not yet. */
struct os_pipe *streams_take_input(struct streams *streams);
/* Returns when the next grace is over; OS_FOREVER: there is none. */
int64_t stream_grace_end(const struct stream *stream);
/* Lets a paused pipe go on if it may. */
void stream_resume(struct stream *stream);

#endif
