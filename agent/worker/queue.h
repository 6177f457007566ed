/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The queue before the capture workers: who is served when, and whose requests are served by one capture. Any thread.
 *
 * At most `max` requests are under way. One that is equal to another under way is not: it waits for that to end, since its
 * pixels may be older than this request. All equal ones that wait then are served by one capture, which begins after each
 * of them came. Otherwise the order is that of arrival.
 */
#ifndef AGENT_WORKER_QUEUE_H
#define AGENT_WORKER_QUEUE_H

#include "agent/worker/answer.h"
#include "base/buffer.h"
#include "base/error.h"
#include "platform/socket.h"
#include "platform/thread.h"

/* One request. The caller sets what is borrowed, and the rest to zero; it stays the caller's. */
struct turn {
    const struct buffer *request; /* borrowed: equal bytes ask for the same */
    struct buffer *list;          /* borrowed: gets the answer */
    struct error *err;            /* borrowed: gets the reason */
    struct os_socket *client;     /* borrowed: who asks, and waits no longer once it has left; NULL: the agent itself */
    const struct answer_taker *taker; /* borrowed: gets the answer while it comes, of the one served alone; or NULL */
    int64_t deadline_ms;              /* when it no longer waits (os_deadline) */
    int timeout_ms;                   /* the time it had, for the reason */

    enum turn_state { TURN_WAITS, TURN_SERVED, TURN_FOLLOWS, TURN_GETS, TURN_ENDED, TURN_LEFT } state;
    int status;             /* of one that has followed */
    struct turn *leader;    /* of one that follows: whose capture it gets */
    struct turn *next;      /* in order of arrival */
    struct os_waker *waker; /* NULL as long as nothing was waited for */
};

struct worker_queue {
    struct os_mutex *lock; /* guards what follows, and the state of each turn */
    struct turn *first;
    unsigned served, max;
};

void worker_queue_init(struct worker_queue *queue, unsigned max);

/* Waits for the turn. If *served, the caller serves the request and calls worker_queue_end() with what came of it. Else
   the request is done: 0 and the answer of an equal one in `list`, or the reason. ERR_TIMEOUT at the deadline. */
int worker_queue_begin(struct worker_queue *queue, struct turn *turn, bool *served);
/* Gives list and reason to those that follow, and the place to the next ones. Returns status. */
int worker_queue_end(struct worker_queue *queue, struct turn *turn, int status);

#endif
