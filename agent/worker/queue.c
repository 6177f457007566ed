/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/worker/queue.h"

#include "platform/clock.h"

#include <string.h>

void worker_queue_init(struct worker_queue *queue, unsigned max)
{
    *queue = (struct worker_queue){.lock = os_mutex_new(), .max = max};
}

/* ---- with the lock ---- */

static bool turn_equals(const struct turn *a, const struct turn *b)
{
    return a->request->len == b->request->len && memcmp(a->request->data, b->request->data, a->request->len) == 0;
}

static void queue_append(struct worker_queue *queue, struct turn *turn)
{
    struct turn **end = &queue->first;
    while (*end)
        end = &(*end)->next;
    *end = turn;
}

static void queue_remove(struct worker_queue *queue, const struct turn *turn)
{
    struct turn **link = &queue->first;
    while (*link != turn)
        link = &(*link)->next;
    *link = turn->next;
}

/* Says whether an equal request is served, or came before and waits. */
static bool queue_has_equal(const struct worker_queue *queue, const struct turn *turn)
{
    for (const struct turn *other = queue->first; other; other = other->next)
        if (other != turn && (other->state == TURN_SERVED || other->state == TURN_WAITS) && turn_equals(other, turn))
            return true;
    return false;
}

static bool queue_serves_equal(const struct worker_queue *queue, const struct turn *turn)
{
    for (const struct turn *other = queue->first; other; other = other->next)
        if (other->state == TURN_SERVED && turn_equals(other, turn))
            return true;
    return false;
}

/* Begins to serve a turn that waits, for all equal ones that wait behind it. */
static void queue_serve(struct worker_queue *queue, struct turn *turn)
{
    turn->state = TURN_SERVED;
    queue->served++;
    for (struct turn *other = turn->next; other; other = other->next)
        if (other->state == TURN_WAITS && turn_equals(other, turn)) {
            other->state = TURN_FOLLOWS;
            other->leader = turn;
        }
    os_waker_set(turn->waker);
}

static void queue_serve_next(struct worker_queue *queue)
{
    for (struct turn *turn = queue->first; turn && queue->served < queue->max; turn = turn->next)
        if (turn->state == TURN_WAITS && !queue_serves_equal(queue, turn))
            queue_serve(queue, turn);
}

/* ---- without it ---- */

/* Gives the answer of the one that was served to one that followed it. */
static void turn_copy(struct turn *turn, const struct turn *from, int status)
{
    turn->status = status;
    if (status && turn->err && from->err)
        *turn->err = *from->err;
    if (status || buffer_append(turn->list, from->list->data, from->list->len))
        return;
    turn->status =
        turn->list->over_budget
            ? budget_error(turn->list->budget, turn->err)
            : error_set(turn->err, ERR_NO_MEMORY, "no memory for %zu bytes of a capture's answer", from->list->len);
}

/* Returns the first one that follows, or NULL. It can't leave any more. */
static struct turn *queue_follower(struct worker_queue *queue, const struct turn *leader)
{
    os_mutex_lock(queue->lock);
    struct turn *turn = queue->first;
    while (turn && turn->leader != leader)
        turn = turn->next;
    if (turn)
        turn->state = TURN_GETS;
    os_mutex_unlock(queue->lock);
    return turn;
}

static void queue_end_follower(struct worker_queue *queue, struct turn *turn)
{
    os_mutex_lock(queue->lock);
    queue_remove(queue, turn);
    turn->leader = NULL;
    turn->state = TURN_ENDED;
    os_waker_set(turn->waker); /* with the lock: from here on it may be gone */
    os_mutex_unlock(queue->lock);
}

/* Takes a turn that can be served at once, or queues it. */
static bool queue_enter(struct worker_queue *queue, struct turn *turn)
{
    os_mutex_lock(queue->lock);
    bool at_once = queue->served < queue->max && !queue_has_equal(queue, turn);
    if (at_once || turn->waker)
        queue_append(queue, turn);
    turn->state = at_once ? TURN_SERVED : TURN_WAITS;
    queue->served += at_once;
    os_mutex_unlock(queue->lock);
    return at_once;
}

static enum os_wait_result turn_sleep(const struct turn *turn, int64_t deadline_ms)
{
    if (turn->client)
        return os_socket_wait(turn->client, turn->waker, deadline_ms);
    return os_waker_wait(turn->waker, deadline_ms) ? OS_WAIT_WOKEN : OS_WAIT_TIMEOUT;
}

/* Takes a turn out of the queue for which nobody waits any more, if it still waits there. Returns the state that it had. */
static enum turn_state queue_leave(struct worker_queue *queue, struct turn *turn, enum os_wait_result why)
{
    os_mutex_lock(queue->lock); /* also behind whoever has woken it */
    enum turn_state state = turn->state;
    bool left = why == OS_WAIT_HANGUP && (state == TURN_WAITS || state == TURN_FOLLOWS);
    if (left || (why == OS_WAIT_TIMEOUT && state == TURN_WAITS))
        queue_remove(queue, turn);
    os_mutex_unlock(queue->lock);
    return left ? TURN_LEFT : state;
}

/* Waits until it is served or has followed, or leaves the queue at the deadline or with its client. */
static enum turn_state queue_wait(struct worker_queue *queue, struct turn *turn)
{
    enum turn_state state = queue_leave(queue, turn, turn_sleep(turn, turn->deadline_ms));
    /* The one that is served came before, has the same time and ends in it. */
    if (state == TURN_FOLLOWS)
        state = queue_leave(queue, turn, turn_sleep(turn, OS_FOREVER));
    if (state == TURN_GETS) {
        os_waker_wait(turn->waker, OS_FOREVER);
        state = queue_leave(queue, turn, OS_WAIT_WOKEN);
    }
    return state;
}

int worker_queue_begin(struct worker_queue *queue, struct turn *turn, bool *served)
{
    *served = queue_enter(queue, turn);
    if (*served)
        return 0;
    int status = os_waker_new(&turn->waker, turn->err);
    if (status)
        return status;
    *served = queue_enter(queue, turn);
    enum turn_state state = *served ? TURN_SERVED : queue_wait(queue, turn);
    *served = state == TURN_SERVED;
    if (*served)
        return 0;
    os_waker_free(turn->waker);
    if (state == TURN_LEFT)
        return error_set(turn->err, ERR_CLOSED, "the client left while it waited for its turn");
    return state == TURN_ENDED
               ? turn->status
               : error_set(turn->err, ERR_TIMEOUT, "other captures did not end within %d ms", turn->timeout_ms);
}

int worker_queue_end(struct worker_queue *queue, struct turn *turn, int status)
{
    for (struct turn *follower; (follower = queue_follower(queue, turn));) {
        turn_copy(follower, turn, status);
        queue_end_follower(queue, follower);
    }
    os_mutex_lock(queue->lock);
    queue_remove(queue, turn);
    queue->served--;
    queue_serve_next(queue);
    os_mutex_unlock(queue->lock);
    os_waker_free(turn->waker);
    return status;
}
