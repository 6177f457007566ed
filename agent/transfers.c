/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/transfers.h"
#include "agent/session.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <stdlib.h>
#include <string.h>

#define TAKE_MS 5000 /* until a broken connection's thread has let go */
#define TAKE_STEP_MS 1000

struct transfers {
    struct os_mutex *lock;             /* guards all of it */
    struct os_waker *let_go, *changed; /* for who takes an entry, and for the watch */
    struct transfer *first;
    unsigned waiting;
    bool watched; /* a thread waits for the next one to expire */
    int keep_ms;
};

int transfers_new(struct transfers **out, int keep_ms, struct error *err)
{
    struct transfers *transfers = calloc(1, sizeof *transfers);
    *out = transfers;
    if (!transfers)
        return error_set(err, ERR_NO_MEMORY, "no memory for transfers that wait");
    transfers->lock = os_mutex_new();
    transfers->keep_ms = keep_ms;
    int status = os_waker_new(&transfers->let_go, err);
    return status ? status : os_waker_new(&transfers->changed, err);
}

static void transfer_free(struct transfer *entry)
{
    if (!entry)
        return;
    if (entry->object)
        entry->end(entry->object);
    buffer_deinit(&entry->last);
    free(entry->token);
    free(entry->path);
    free(entry);
}

/* Under the lock, like all that begins so. Takes the entry out of the list. */
static void transfers_unlink(struct transfers *transfers, struct transfer *entry)
{
    struct transfer **at = &transfers->first;
    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    transfers->waiting -= !entry->user;
}

static struct transfer *transfers_find(struct transfers *transfers, const struct transfer_key *key)
{
    struct transfer *entry = transfers->first;
    while (entry &&
           (entry->end != key->end || strcmp(entry->token, key->token) != 0 || strcmp(entry->path, key->path) != 0))
        entry = entry->next;
    return entry;
}

/* Takes out the waiting one that expires first, if that is by then; NULL: there is none. */
static struct transfer *transfers_take_oldest(struct transfers *transfers, int64_t by_ms)
{
    struct transfer *oldest = NULL;
    for (struct transfer *entry = transfers->first; entry; entry = entry->next)
        if (!entry->user && (!oldest || entry->expires_ms <= oldest->expires_ms) /* the list begins with the newest */)
            oldest = entry;
    if (!oldest || oldest->expires_ms > by_ms)
        return NULL;
    transfers_unlink(transfers, oldest);
    return oldest;
}

/* ---- the thread that ends what nobody came back for; there is one only while something waits ---- */

/* Returns when the next one expires; OS_FOREVER, and the watch ends, while no file waits. */
static int64_t transfers_watch_next(struct transfers *transfers)
{
    int64_t next = OS_FOREVER;
    os_mutex_lock(transfers->lock);
    os_waker_clear(transfers->changed);
    for (struct transfer *entry = transfers->first; entry; entry = entry->next)
        if (!entry->user && entry->object && entry->expires_ms < next)
            next = entry->expires_ms;
    transfers->watched = next != OS_FOREVER;
    os_mutex_unlock(transfers->lock);
    return next;
}

static void transfers_end_expired(struct transfers *transfers)
{
    struct transfer *entry;
    do {
        os_mutex_lock(transfers->lock);
        entry = transfers_take_oldest(transfers, os_clock_ms());
        os_mutex_unlock(transfers->lock);
        transfer_free(entry);
    } while (entry);
}

static void transfers_watch(void *context)
{
    struct transfers *transfers = context;
    int64_t next;
    while ((next = transfers_watch_next(transfers)) != OS_FOREVER) {
        os_waker_wait(transfers->changed, next);
        transfers_end_expired(transfers);
    }
}

/* Without a thread what waits goes with the next ones that do. */
static void transfers_start_watch(struct transfers *transfers)
{
    if (os_thread_start(transfers_watch, transfers, NULL) == 0)
        return;
    os_mutex_lock(transfers->lock);
    transfers->watched = false;
    os_mutex_unlock(transfers->lock);
}

/* ---- entries ---- */

static struct transfer *transfer_make(const struct transfer_key *key)
{
    struct transfer *entry = calloc(1, sizeof *entry);
    if (!entry)
        return NULL;
    entry->end = key->end;
    entry->token = strdup(key->token);
    entry->path = strdup(key->path);
    if (entry->token && entry->path)
        return entry;
    transfer_free(entry);
    return NULL;
}

int transfers_add(struct transfers *transfers, const struct transfer_key *key, struct session *user,
                  struct transfer **out, struct error *err)
{
    struct transfer *old;
    struct transfer *entry = *out = transfer_make(key);
    if (!entry)
        return error_set(err, ERR_NO_MEMORY, "Cannot allocate memory");
    int status = transfers_take(transfers, key, user, &old, err);
    if (status == 0)
        transfers_end(transfers, old);
    if (status && status != ERR_NOT_FOUND) {
        transfer_free(entry);
        *out = NULL;
        return status;
    }
    entry->user = user;
    os_mutex_lock(transfers->lock);
    entry->next = transfers->first;
    transfers->first = entry;
    os_mutex_unlock(transfers->lock);
    return 0;
}

/* Returns 0, ERR_NOT_FOUND, or ERR_TIMEOUT while another connection has it, which is ended: it waits for bytes that come
   no more. */
static int transfers_try_take(struct transfers *transfers, const struct transfer_key *key, struct session *user,
                              struct transfer **out)
{
    int status = 0;
    os_mutex_lock(transfers->lock);
    struct transfer *entry = *out = transfers_find(transfers, key);
    if (!entry) {
        status = ERR_NOT_FOUND;
    } else if (entry->user) {
        atomic_store(&entry->user->superseded, true); /* it may have read its next requests already */
        os_socket_shutdown(entry->user->socket);
        os_waker_clear(transfers->let_go);
        status = ERR_TIMEOUT;
    } else {
        entry->user = user;
        transfers->waiting--;
        os_waker_set(transfers->changed);
    }
    os_mutex_unlock(transfers->lock);
    return status;
}

int transfers_take(struct transfers *transfers, const struct transfer_key *key, struct session *user,
                   struct transfer **out, struct error *err)
{
    int64_t deadline = os_deadline(TAKE_MS);
    int status;
    while ((status = transfers_try_take(transfers, key, user, out)) == ERR_TIMEOUT && os_time_left(deadline))
        os_waker_wait(transfers->let_go, os_deadline(TAKE_STEP_MS)); /* a step: another may have cleared it */
    if (status == 0)
        return 0;
    *out = NULL;
    return status == ERR_NOT_FOUND ? error_set(err, status, "there is no such transfer to be continued")
                                   : error_set(err, status, "another connection still writes to it");
}

void transfers_park(struct transfers *transfers, struct transfer *entry)
{
    struct transfer *oldest = NULL;
    os_mutex_lock(transfers->lock);
    if (transfers->waiting == TRANSFERS_MAX)
        oldest = transfers_take_oldest(transfers, OS_FOREVER);
    entry->user = NULL;
    entry->expires_ms = os_deadline(transfers->keep_ms);
    transfers->waiting++;
    bool start = !transfers->watched && entry->object;
    transfers->watched |= start;
    os_waker_set(transfers->let_go);
    os_mutex_unlock(transfers->lock);
    transfer_free(oldest);
    if (start)
        transfers_start_watch(transfers);
}

void transfers_end(struct transfers *transfers, struct transfer *entry)
{
    os_mutex_lock(transfers->lock);
    transfers_unlink(transfers, entry);
    os_waker_set(transfers->let_go);
    os_mutex_unlock(transfers->lock);
    transfer_free(entry);
}
