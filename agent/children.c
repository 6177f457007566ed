/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/children.h"
#include "agent/log.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/thread.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESTORE_TRIES 3  /* of an allocation */
#define STARTING_MS 2000 /* for a thread to list its child; one that is stuck has told no host of it */

struct waiter {
    struct os_waker *waker;
    struct waiter *next;
};

struct child {
    struct child *next;
    struct os_process *process; /* owned */
    uint64_t pid;
    unsigned users; /* threads that use it without the lock; the last one frees it */
    bool tracked, exited, synced, forgotten;
    uint32_t status;
    char *reports[2];       /* owned: where its output goes, or NULL */
    char *user;             /* owned: os_identity_user() of who opened them; NULL: not known */
    struct waiter *waiters; /* on their owners' stacks */
};

struct children {
    struct os_mutex *lock;          /* guards everything below */
    struct child *running, *exited; /* the newest first */
    unsigned running_count, exited_count, max;
    unsigned starting_count; /* threads that may have a child that is not listed yet */
    struct child *restored;  /* the last one that children_restore made; used only there, before any client connects */
};

static void child_free(struct child *child)
{
    os_process_free(child->process);
    free(child->reports[0]);
    free(child->reports[1]);
    free(child->user);
    free(child);
}

/* Releases one use of a child. The lock is held. */
static void children_release(struct child *child)
{
    if (--child->users == 0 && child->forgotten)
        child_free(child);
}

static void wake_waiters(struct child *child)
{
    for (struct waiter *w = child->waiters; w; w = w->next)
        os_waker_set(w->waker);
}

/* Forgets a child that was taken off its list already, and frees it unless it is in use. The lock is held. */
static void children_drop(struct child *child)
{
    child->forgotten = true;
    wake_waiters(child);
    if (child->users == 0)
        child_free(child);
}

static bool unlink_child(struct child **list, const struct child *child)
{
    for (; *list; list = &(*list)->next) {
        if (*list == child) {
            *list = child->next;
            return true;
        }
    }
    return false;
}

static struct child *find_in(struct child *list, uint64_t pid)
{
    while (list && !(list->pid == pid && list->tracked))
        list = list->next;
    return list;
}

/* Finds a tracked child. The newest comes first, since a pid may be reused. The lock is held. */
static struct child *children_find(struct children *children, uint64_t pid, struct error *err)
{
    struct child *child = find_in(children->running, pid);
    if (!child)
        child = find_in(children->exited, pid);
    if (!child)
        error_set(err, ERR_NOT_FOUND, "the %" PRIu64 " process does not exist or is not a child process", pid);
    return child;
}

/* Acquires a child for use without the lock, until children_release(). */
static struct child *children_acquire(struct children *children, uint64_t pid, struct error *err)
{
    os_mutex_lock(children->lock);
    struct child *child = children_find(children, pid, err);
    if (child)
        child->users++;
    os_mutex_unlock(children->lock);
    return child;
}

static void log_exit(const struct child *child)
{
    struct error reason;
    if (os_process_lost(child->process, &reason))
        log_line("child %" PRIu64 " exited, and its status is lost: %s", child->pid, reason.text);
    else
        log_line("child %" PRIu64 " exited with status %" PRIu32, child->pid, child->status);
}

/* Moves the children that have exited since the last call to the list of exited ones. The lock is held. */
static void children_reap_exited(struct children *children)
{
    struct child **link = &children->running;
    while (*link) {
        struct child *child = *link;
        if (!os_process_poll(child->process, &child->status)) {
            link = &child->next;
            continue;
        }
        *link = child->next;
        children->running_count--;
        child->exited = true;
        log_exit(child);
        if (!child->tracked) {
            children_drop(child);
            continue;
        }
        child->next = children->exited;
        children->exited = child;
        children->exited_count++;
        wake_waiters(child);
    }
}

static void children_poll(void *context)
{
    struct children *children = context;
    os_mutex_lock(children->lock);
    children_reap_exited(children);
    os_mutex_unlock(children->lock);
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
static void children_add(struct children *children, struct child *child)
{
    os_mutex_lock(children->lock);
    struct child *older = find_in(children->exited, child->pid);
    if (older && child->tracked) { /* its pid was reused: nobody can ask for it any more */
        unlink_child(&children->exited, older);
        children->exited_count--;
        children_drop(older);
    }
    child->next = children->running;
    children->running = child;
    children->running_count++;
    children_reap_exited(children);
    os_mutex_unlock(children->lock);
}

/* Drops the child that has exited first: hosts of testagentd remove no record. The lock is held. */
static void drop_oldest(struct children *children)
{
    struct child **link = &children->exited, *oldest;
    while ((*link)->next)
        link = &(*link)->next;
    oldest = *link;
    *link = NULL;
    children->exited_count--;
    children_drop(oldest);
}

/* Begins a start, which children_end_start() ends. Returns false when the table is full of children that run. */
static bool children_begin_start(struct children *children)
{
    os_mutex_lock(children->lock);
    bool room = children->running_count + children->starting_count < children->max;
    while (room && children->running_count + children->exited_count + children->starting_count >= children->max)
        drop_oldest(children);
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

static int start_and_list(struct children *children, const struct os_process_spec *spec, bool tracked, uint64_t *pid,
                          struct error *err)
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
    child->tracked = tracked;
    child->reports[0] = report_path(spec->out);
    child->reports[1] = report_path(spec->err);
    child->user = strdup(spec->as ? os_identity_user(spec->as) : "");
    log_line("child %" PRIu64 " started: %s (%s)", child->pid, spec->argv[0],
             spec->as ? os_identity_name(spec->as) : "as the agent");
    children_add(children, child);
    return 0;
}

int children_start(struct children *children, const struct os_process_spec *spec, bool tracked, uint64_t *pid,
                   struct error *err)
{
    if (!children_begin_start(children))
        return error_set(err, ERR_LIMIT, "could not run '%s': %u programs run already", spec->argv[0], children->max);
    int status = start_and_list(children, spec, tracked, pid, err);
    children_end_start(children);
    return status;
}

/* Waits once and returns what ended the wait. The lock is held, and released during the wait. */
static enum os_wait_result wait_once(struct children *children, struct child *child, struct os_waker *waker,
                                     struct os_socket *client, int64_t deadline_ms)
{
    struct waiter waiter = {waker, child->waiters};
    struct waiter **link = &child->waiters;
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

/* Flushes a child's output to the disk as who had it opened, since the test may have put anything in its place. */
static void sync_reports(const struct child *child)
{
    struct error err;
    struct os_identity *as = NULL;
    if ((!child->reports[0] && !child->reports[1]) || !child->user)
        return;
    if (os_identity_find(&as, *child->user ? child->user : OS_IDENTITY_AGENT, &err))
        return;
    if (os_identity_enter(as, &err) == 0) {
        for (int i = 0; i < 2; i++)
            if (child->reports[i])
                (void)os_file_sync(child->reports[i], NULL); /* the test may have removed it */
        os_identity_leave(as);
    }
    os_identity_free(as);
}

int children_wait(struct children *children, uint64_t pid, struct os_socket *client, int64_t deadline_ms,
                  uint32_t *status, struct error *err)
{
    int result = ERR_NOT_FOUND;
    bool sync = false;
    os_mutex_lock(children->lock);
    struct child *child = children_find(children, pid, err);
    if (child) {
        child->users++;
        result = wait_for_exit(children, child, client, deadline_ms, err);
        *status = child->status;
        sync = result == 0 && !child->synced;
    }
    os_mutex_unlock(children->lock);
    if (!child)
        return result;
    if (sync)
        sync_reports(child);
    os_mutex_lock(children->lock);
    child->synced |= sync;
    children_release(child);
    os_mutex_unlock(children->lock);
    return result;
}

int children_forget(struct children *children, uint64_t pid, struct error *err)
{
    os_mutex_lock(children->lock);
    struct child *child = children_find(children, pid, err);
    int status = child ? 0 : ERR_NOT_FOUND;
    if (child && unlink_child(&children->exited, child)) {
        children->exited_count--;
        children_drop(child);
    } else if (child) {
        child->tracked = false; /* it stays listed so that it is reaped */
        wake_waiters(child);
    }
    os_mutex_unlock(children->lock);
    return status;
}

int children_kill(struct children *children, uint64_t pid, int grace_ms, struct strlist *killed, struct error *err)
{
    struct child *child = children_acquire(children, pid, err);
    if (!child)
        return ERR_NOT_FOUND;
    int status = os_process_kill_tree(child->process, grace_ms, killed, err);
    os_mutex_lock(children->lock);
    children_reap_exited(children); /* so that a wait right after this one has the status */
    children_release(child);
    os_mutex_unlock(children->lock);
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
    children_release(child);
    os_mutex_unlock(children->lock);
    return status;
}

void children_count(struct children *children, unsigned *running, unsigned *exited)
{
    os_mutex_lock(children->lock);
    *running = children->running_count;
    *exited = children->exited_count;
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
}

void children_thaw(struct children *children)
{
    os_process_thaw();
    children_poll(children); /* nobody was told of what has exited meanwhile */
}

static void save_child(const struct child *child, struct buffer *out)
{
    buffer_printf(out, "child %d ", child->tracked);
    os_process_save(child->process, out);
    buffer_append(out, "\n", 1);
    for (int i = 0; i < 2; i++)
        if (child->reports[i] && !strchr(child->reports[i], '\n'))
            buffer_printf(out, "report %d %s\n", i, child->reports[i]);
    if (child->user && !strchr(child->user, '\n'))
        buffer_printf(out, "user %s\n", child->user);
}

static struct child *reverse(struct child *list)
{
    struct child *reversed = NULL, *next;
    for (; list; list = next) {
        next = list->next;
        list->next = reversed;
        reversed = list;
    }
    return reversed;
}

/* Saves the oldest first, so that the newest is also the last one that is restored. */
void children_save(struct children *children, struct buffer *out)
{
    os_mutex_lock(children->lock);
    children->exited = reverse(children->exited);
    for (const struct child *child = children->exited; child; child = child->next)
        save_child(child, out);
    children->exited = reverse(children->exited);
    for (const struct child *child = children->running; child; child = child->next)
        save_child(child, out);
    os_mutex_unlock(children->lock);
}

/* Takes a child over, or returns NULL. */
static struct child *adopt_child(const char *saved)
{
    struct child *child = calloc(1, sizeof *child);
    if (!child || os_process_adopt(&child->process, saved) == 0)
        return child;
    free(child);
    return NULL;
}

/* Tries more than once: what is not taken over now is lost. */
static void restore_child(struct children *children, bool tracked, const char *saved)
{
    struct child *child = NULL;
    children->restored = NULL;
    for (int i = 0; i < RESTORE_TRIES && !child; i++)
        child = adopt_child(saved);
    if (!child) {
        log_line("a child could not be taken over, and its status is lost: %s", saved);
        return;
    }
    child->pid = os_process_pid(child->process);
    child->tracked = tracked;
    children->restored = tracked ? child : NULL; /* an untracked one may be gone at once */
    children_add(children, child);
}

/* Restores one of the texts that belong to the child before it. */
static void restore_text(struct children *children, size_t offset, const char *text)
{
    os_mutex_lock(children->lock);
    char **field = children->restored ? (char **)((char *)children->restored + offset) : NULL;
    for (int i = 0; i < RESTORE_TRIES && field && !*field; i++)
        *field = strdup(text);
    os_mutex_unlock(children->lock);
}

void children_restore(struct children *children, const char *line)
{
    if (strncmp(line, "child ", 6) == 0 && line[6] && line[7] == ' ')
        restore_child(children, line[6] == '1', line + 8);
    else if (strncmp(line, "report 0 ", 9) == 0)
        restore_text(children, offsetof(struct child, reports[0]), line + 9);
    else if (strncmp(line, "report 1 ", 9) == 0)
        restore_text(children, offsetof(struct child, reports[1]), line + 9);
    else if (strncmp(line, "user ", 5) == 0)
        restore_text(children, offsetof(struct child, user), line + 5);
}
