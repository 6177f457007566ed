/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/child/children.h"
#include "agent/child/flush.h"
#include "agent/child/journal.h"
#include "agent/child/limits.h"
#include "agent/child/table.h"
#include "agent/log.h"
#include "platform/clock.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND_SIZE 256 /* bytes of a command that are kept */
#define STARTING_MS 2000 /* for a thread to list its child; one that is stuck has told no host of it */

/* Finds a tracked child. The lock is held. */
static struct child *children_find(struct children *children, uint64_t pid, struct error *err)
{
    struct child *child = child_table_find(&children->now, pid);
    if (!child)
        (void)child_not_found(children, pid, err);
    return child;
}

struct child *children_acquire(struct children *children, uint64_t pid, struct error *err)
{
    os_mutex_lock(children->lock);
    struct child *child = children_find(children, pid, err);
    if (child)
        child_use(child);
    os_mutex_unlock(children->lock);
    return child;
}

static void children_poll(void *context)
{
    struct children *children = context;
    os_mutex_lock(children->lock);
    child_table_reap(&children->now);
    struct journal *journal = children->now.journal;
    os_mutex_unlock(children->lock);
    journal_write(journal);
}

struct children *children_new(unsigned max, struct error *err)
{
    struct children *children = calloc(1, sizeof *children);
    if (!children) {
        error_set(err, ERR_NO_MEMORY, "no memory for the child table");
        return NULL;
    }
    children->max = max;
    children->lock = os_mutex_new();
    if (os_process_watch(children_poll, children, err)) {
        free(children);
        return NULL;
    }
    return children;
}

/* Lists a child. It may have exited already, with its signal handled before it was listed, so exited children are
   reaped here. */
void children_add(struct children *children, struct child *child)
{
    os_mutex_lock(children->lock);
    struct child *past = child->tracked ? child_table_find(&children->past, child->pid) : NULL;
    if (past)
        child_table_drop(&children->past, past);
    child_table_add(&children->now, child);
    if (child->tracked)
        child_journal_started(children->now.journal, child);
    child_table_reap(&children->now);
    os_mutex_unlock(children->lock);
}

/* Begins a start, which children_end_start() ends. Drops the children that have exited first: hosts of testagentd remove no
   record. Returns false when the table is full of children that run. */
static bool children_begin_start(struct children *children)
{
    os_mutex_lock(children->lock);
    bool room = children->now.running.count + children->starting_count < children->max;
    while (room && children->now.running.count + children->now.exited.count + children->starting_count >= children->max)
        child_table_drop(&children->now, children->now.exited.oldest);
    children->starting_count += room;
    os_mutex_unlock(children->lock);
    return room;
}

static void children_end_start(struct children *children)
{
    os_mutex_lock(children->lock);
    children->starting_count--;
    os_mutex_unlock(children->lock);
}

static char *report_path(const char *path)
{
    return path && *path ? strdup(path) : NULL;
}

/* Returns the words of a command, as many as a person needs. */
static char *describe_command(const char *const *argv)
{
    char storage[COMMAND_SIZE];
    struct buffer text;
    buffer_init_fixed(&text, storage, sizeof storage - sizeof " ...");
    for (int i = 0; argv[i] && !text.failed; i++)
        buffer_printf(&text, "%s%.*s", i ? " " : "", COMMAND_SIZE, argv[i]);
    if (!text.failed)
        storage[text.len] = 0;
    else
        strcpy(storage + text.len, " ...");
    return strdup(storage);
}

static void note_wish(struct child *child, const struct os_process_spec *spec, const struct child_wish *wish)
{
    child->streams = wish->streams;
    child->tracked = wish->tracked;
    child->tag = wish->tag ? strdup(wish->tag) : NULL;
    child->command = describe_command(spec->argv);
    child->limit = wish->limit;
    child->limit.files = report_path(wish->limit.files);
    child->limit.deadline = wish->limit.ms ? os_deadline(wish->limit.ms) : 0;
    child->reports[0] = report_path(spec->out);
    child->reports[1] = report_path(spec->err);
    child->user = strdup(spec->as ? os_identity_user(spec->as) : "");
}

static int start_and_list(struct children *children, const struct os_process_spec *spec, const struct child_wish *wish,
                          uint64_t *pid, struct error *err)
{
    struct child *child = calloc(1, sizeof *child);
    if (!child)
        return error_set(err, ERR_NO_MEMORY, "could not run '%s': Cannot allocate memory", spec->argv[0]);
    int status = os_process_spawn(&child->process, spec, err);
    if (status) {
        free(child);
        return status;
    }
    child->pid = *pid = os_process_pid(child->process);
    child->start_time = os_process_start_time(child->process);
    child->started_ms = os_boot_clock_ms();
    child->started_wall_ms = os_wall_time_ms();
    note_wish(child, spec, wish);
    log_line("child %" PRIu64 " started: %s (%s)", child->pid, spec->argv[0],
             spec->as ? os_identity_name(spec->as) : "as the agent");
    children_add(children, child);
    return 0;
}

static int start_with(struct children *children, const struct os_process_spec *spec, const struct child_wish *wish,
                      uint64_t *pid, struct error *err)
{
    if (!children_begin_start(children))
        return error_set(err, ERR_LIMIT, "could not run '%s': %u programs run already", spec->argv[0], children->max);
    int status = start_and_list(children, spec, wish, pid, err);
    children_end_start(children);
    if (status == 0 && ((spec->out && *spec->out) || (spec->err && *spec->err)))
        flush_begin(children);
    if (status == 0 && wish->tracked)
        journal_sync(children->now.journal);
    return status;
}

int children_start(struct children *children, const struct os_process_spec *spec, bool tracked, uint64_t *pid,
                   struct error *err)
{
    return start_with(children, spec, &(struct child_wish){.tracked = tracked}, pid, err);
}

int children_start_with(struct children *children, struct os_process_spec *spec, const struct child_wish *wish,
                        uint64_t *pid, struct error *err)
{
    int status = start_with(children, spec, wish, pid, err);
    if (wish->streams)
        streams_begin(wish->streams, spec);
    if (status == 0 && wish->limit.ms)
        limits_changed(children);
    if (status)
        streams_release(wish->streams);
    return status;
}

int children_streams(struct children *children, uint64_t pid, struct streams **out, struct error *err)
{
    os_mutex_lock(children->lock);
    struct child *child = children_find(children, pid, err);
    *out = child ? child->streams : NULL;
    streams_hold(*out);
    os_mutex_unlock(children->lock);
    if (child && !*out)
        return error_set(err, ERR_INVALID, "the %" PRIu64 " process was started without streams", pid);
    return child ? 0 : ERR_NOT_FOUND;
}

/* Waits once and returns what ended the wait. The lock is held, and released during the wait. */
static enum os_wait_result wait_once(struct children *children, struct child *child, struct os_waker *waker,
                                     struct os_socket *client, int64_t deadline_ms)
{
    struct child_waiter waiter = {waker, child->waiters};
    struct child_waiter **link = &child->waiters;
    child->waiters = &waiter;
    os_mutex_unlock(children->lock);
    enum os_wait_result result = os_socket_wait(client, waker, deadline_ms);
    os_mutex_lock(children->lock);
    while (*link != &waiter)
        link = &(*link)->next;
    *link = waiter.next;
    return result;
}

/* Fails when the system has no status for a child that has exited: that is neither success nor still to come. */
static int check_has_status(const struct child *child, struct error *err)
{
    struct error reason;
    if (!os_process_lost(child->process, &reason))
        return 0;
    return error_set(err, ERR_SYSTEM, "the status of the %" PRIu64 " process is lost: %s", child->pid, reason.text);
}

/* Waits until the child exits, the deadline, or until the client hangs up. The lock is held and the child is in use. */
static int wait_for_exit(struct children *children, struct child *child, struct os_socket *client, int64_t deadline_ms,
                         struct error *err)
{
    struct os_waker *waker;
    if (child->exited)
        return check_has_status(child, err);
    int status = os_waker_new(&waker, err);
    if (status)
        return status;
    enum os_wait_result result = OS_WAIT_WOKEN;
    while (!child->exited && child->tracked && result == OS_WAIT_WOKEN) {
        result = wait_once(children, child, waker, client, deadline_ms);
        os_waker_clear(waker);
    }
    os_waker_free(waker);
    if (child->exited)
        return check_has_status(child, err);
    if (!child->tracked)
        return error_set(err, ERR_NOT_FOUND, "the %" PRIu64 " process does not exist or is not a child process",
                         child->pid);
    if (result == OS_WAIT_HANGUP)
        return error_set(err, ERR_CLOSED, "the client left while it waited for the %" PRIu64 " process", child->pid);
    return error_set(err, ERR_TIMEOUT, "timed out waiting for the child process");
}

int children_wait(struct children *children, uint64_t pid, struct os_socket *client, int64_t deadline_ms,
                  uint32_t *status, struct error *err)
{
    int result = ERR_NOT_FOUND;
    bool sync = false;
    os_mutex_lock(children->lock);
    struct child *child = children_find(children, pid, err);
    if (child) {
        child_use(child);
        result = wait_for_exit(children, child, client, deadline_ms, err);
        *status = child->status;
        sync = result == 0 && !child->synced;
    } else if ((child = child_past_find(children, pid))) {
        *status = child->status;
        child = NULL;
        result = 0;
    }
    os_mutex_unlock(children->lock);
    if (!child)
        return result;
    if (sync)
        flush_exited(children, child);
    else if (result == 0)
        journal_sync(children->now.journal); /* who has flushed it may not have got so far */
    os_mutex_lock(children->lock);
    child_release(child);
    os_mutex_unlock(children->lock);
    return result;
}

int children_forget(struct children *children, uint64_t pid, struct error *err)
{
    os_mutex_lock(children->lock);
    struct child *child = children_find(children, pid, err);
    struct child *past = child ? NULL : child_past_find(children, pid);
    int status = child || past ? 0 : ERR_NOT_FOUND;
    if (child)
        child_journal_note(children->now.journal, JOURNAL_FORGOTTEN, child);
    if (past)
        child_table_drop(&children->past, past);
    if (child && child->exited) {
        child_table_drop(&children->now, child);
    } else if (child) {
        child_table_untrack(&children->now, child);
        child_wake_waiters(child);
    }
    os_mutex_unlock(children->lock);
    journal_sync(children->now.journal);
    return status;
}

int children_tree(struct children *children, uint64_t pid, struct os_process_info **tree, size_t *count,
                  struct error *err)
{
    *tree = NULL;
    *count = 0;
    struct child *child = children_acquire(children, pid, err);
    if (!child)
        return ERR_NOT_FOUND;
    int status = os_process_tree(child->process, tree, count, err);
    os_mutex_lock(children->lock);
    child_release(child);
    os_mutex_unlock(children->lock);
    return status;
}

void children_count(struct children *children, unsigned *running, unsigned *exited)
{
    os_mutex_lock(children->lock);
    *running = children->now.running.count;
    *exited = children->now.exited.count;
    os_mutex_unlock(children->lock);
}

void children_freeze(struct children *children)
{
    unsigned starting = 1;
    int64_t deadline = os_deadline(STARTING_MS);
    os_process_freeze(); /* now no start gets a child that has none yet */
    while (starting && os_time_left(deadline)) {
        os_mutex_lock(children->lock);
        starting = children->starting_count;
        os_mutex_unlock(children->lock);
        os_sleep_ms(starting ? 5 : 0);
    }
    streams_freeze();
}

void children_thaw(struct children *children)
{
    os_process_thaw();
    streams_thaw();
    children_poll(children); /* nobody was told of what has exited meanwhile */
    flush_begin(children);
}
