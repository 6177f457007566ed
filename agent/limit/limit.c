/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done when a child's time limit is over: a look, within a bound, and the end of its tree. */
#include "agent/limit/limit.h"
#include "agent/agent.h"
#include "agent/child/limits.h"
#include "agent/child/table.h"
#include "agent/events.h"
#include "agent/log.h"
#include "agent/rpc/evidence.h"
#include "agent/worker/answer.h"
#include "platform/clock.h"
#include "platform/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS 20000  /* for all that is looked at, until the child is ended whatever there is */
#define DUMP_MS 10000  /* of that for a minidump */
#define GRACE_MS 2000  /* between the request to end and the end by force */
#define NAME_SIZE 4200 /* bytes of a file's name */

/* ---- what is looked at, before the child is ended ---- */

/* A look, by a thread of its own: nobody waits for a file system of the test's. */
struct look {
    struct agent *agent;
    struct child *child; /* in use */
    struct os_waker *done;
    unsigned uses; /* under the children's lock */
};

static void limit_release(struct look *look)
{
    struct children *children = look->agent->children;
    os_mutex_lock(children->lock);
    bool last = --look->uses == 0;
    if (last)
        child_release(look->child);
    os_mutex_unlock(children->lock);
    if (!last)
        return;
    os_waker_free(look->done);
    free(look);
}

/* Writes a file as the user whose program it is. */
static int limit_write_as(const struct child *child, const char *name, const void *bytes, size_t len, struct error *err)
{
    struct os_identity *as;
    if (!child->user)
        return error_set(err, ERR_NO_MEMORY, "nobody knows whose it is");
    int status = os_identity_find(&as, *child->user ? child->user : OS_IDENTITY_AGENT, err);
    if (status)
        return status;
    status = os_identity_enter(as, err);
    if (status == 0) {
        status = os_upload_whole(name, OS_UPLOAD_PRIVATE, bytes, len, err);
        os_identity_leave(as);
    }
    os_identity_free(as);
    return status;
}

/* Writes what was got, or tells why there is none. */
static void limit_write(const struct child *child, const char *tail, int status, const void *bytes, size_t len,
                        struct error *err)
{
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "%s%s", child->limit.files, tail);
    if (status == 0)
        status = limit_write_as(child, name, bytes, len, err);
    if (status)
        log_line("child %" PRIu64 ": time limit: no '%s': %s", child->pid, name, err->text);
}

static void limit_picture(struct agent *agent, const struct child *child)
{
    struct strlist options = {0};
    struct error err;
    struct buffer list;
    struct slice file = {0};
    buffer_init(&list, WIRE_REPLY_MAX);
    list.budget = &agent->replies;
    if (child->limit.actions & LIMIT_KILL)
        strlist_add(&options, "passive=0"); /* it is ended next */
    int status = worker_pool_picture(agent->workers, "screenshot", &options, NULL, &list, &err);
    if (status == 0)
        file = answer_file(&list);
    limit_write(child, ".limit.png", status, file.data, file.len, &err);
    strlist_deinit(&options);
    buffer_deinit(&list);
}

static void limit_evidence(struct agent *agent, const struct child *child, bool windows)
{
    struct error err;
    struct buffer text;
    buffer_init(&text, WIRE_REPLY_MAX);
    text.budget = &agent->replies;
    int status = evidence_collect(agent, child->pid, windows, NULL, &text, &err);
    limit_write(child, windows ? ".limit-windows.txt" : ".limit-stacks.txt", status, text.data, text.len, &err);
    buffer_deinit(&text);
}

/* Adds a minidump where the system has such a thing. */
static void limit_dump(struct agent *agent, const struct child *child)
{
    struct error err;
    struct buffer list;
    buffer_init(&list, WIRE_REPLY_MAX);
    list.budget = &agent->replies;
    int status = worker_pool_dump(agent->workers, child->pid, NULL, DUMP_MS, &list, &err);
    struct slice file = {0};
    if (status == 0)
        file = answer_file(&list);
    if (status != ERR_UNAVAILABLE)
        limit_write(child, ".limit.dmp", status, file.data, file.len, &err);
    buffer_deinit(&list);
}

static void limit_look_main(void *context)
{
    struct look *look = context;
    const struct child_limit *limit = &look->child->limit;
    if (limit->actions & LIMIT_PICTURE)
        limit_picture(look->agent, look->child);
    if (limit->actions & LIMIT_WINDOWS)
        limit_evidence(look->agent, look->child, true);
    if (limit->actions & LIMIT_STACKS)
        limit_evidence(look->agent, look->child, false);
    if (limit->actions & LIMIT_STACKS)
        limit_dump(look->agent, look->child);
    os_waker_set(look->done);
    limit_release(look);
}

/* Looks, within a bound. */
static void limit_look(struct look *look)
{
    struct error err;
    if (!look->child->limit.files || !(look->child->limit.actions & ~(unsigned)LIMIT_KILL))
        return;
    os_mutex_lock(look->agent->children->lock);
    look->uses++;
    os_mutex_unlock(look->agent->children->lock);
    if (os_thread_start(limit_look_main, look, &err)) {
        log_line("child %" PRIu64 ": time limit: nothing is looked at: %s", look->child->pid, err.text);
        limit_release(look);
    } else if (!os_waker_wait(look->done, os_deadline(LOOK_MS))) {
        log_line("child %" PRIu64 ": time limit: what was to be looked at took too long", look->child->pid);
    }
}

/* ---- the end ---- */

static void limit_kill(struct agent *agent, struct child *child)
{
    struct strlist killed = {0};
    struct error err;
    int status = os_process_kill_tree(child->process, GRACE_MS, &killed, &err);
    if (status)
        log_line("child %" PRIu64 ": time limit: %s", child->pid, err.text);
    else
        log_line("child %" PRIu64 ": time limit: ended %zu processes", child->pid, killed.count);
    strlist_deinit(&killed);
    os_mutex_lock(agent->children->lock);
    child_table_reap(&agent->children->now);
    if (status == ERR_TIMEOUT)
        os_process_outlived(child->process);
    os_mutex_unlock(agent->children->lock);
}

static void limit_act_main(void *context)
{
    struct look *look = context;
    struct child *child = look->child;
    limit_look(look);
    if (child->limit.actions & LIMIT_KILL)
        limit_kill(look->agent, child);
    os_mutex_lock(look->agent->children->lock);
    child->limit.deadline = 0;
    child->limit.busy = false;
    os_mutex_unlock(look->agent->children->lock);
    journal_write(look->agent->children->now.journal);
    limit_release(look);
}

static void limit_tell(const struct child *child)
{
    char seconds[32];
    snprintf(seconds, sizeof seconds, "%" PRId64 ".%03d", child->limit.ms / 1000, (int)(child->limit.ms % 1000));
    log_line("child %" PRIu64 ": its time limit of %s s is over", child->pid, seconds);
    events_add("limit", "pid=%" PRIu64 ": its time limit of %s s is over", child->pid, seconds);
}

/* Has one of them dealt with, which is in use. Returns false when that can't be begun. */
static bool limit_act_on(void *context, struct child *child)
{
    struct agent *agent = context;
    struct error err;
    limit_tell(child);
    struct look *look = calloc(1, sizeof *look);
    if (!look || os_waker_new(&look->done, &err)) {
        free(look);
        return false;
    }
    look->agent = agent;
    look->child = child;
    look->uses = 1;
    if (os_thread_start(limit_act_main, look, &err) == 0)
        return true;
    os_waker_free(look->done);
    free(look);
    return false;
}

void limit_keep(struct agent *agent)
{
    limits_begin(agent->children, limit_act_on, agent);
}
