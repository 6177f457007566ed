/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which children there are, and the end of some of them: by pid, by tag, and what they have left. */
#include "agent/child/children.h"
#include "agent/child/table.h"
#include "base/field.h"
#include "base/timestamp.h"
#include "platform/clock.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_SIZE (64u << 10) /* bytes */

/* ---- a line ---- */

static void ps_text(struct buffer *out, const char *key, const char *value)
{
    if (!value)
        return;
    buffer_printf(out, "\t%s=", key);
    field_append(out, value, strlen(value));
}

static void ps_state(struct buffer *out, const struct child *child)
{
    bool lost = child->exited && os_process_lost(child->process, NULL);
    buffer_printf(out, "\tstate=%s", !child->exited ? "running" : lost ? "lost" : "exited");
    if (child->exited && !lost)
        buffer_printf(out, "\tstatus=%" PRIu32, child->status);
}

static void ps_times(struct buffer *out, const struct child *child)
{
    char time[TIMESTAMP_SIZE];
    int64_t until = child->exited ? child->ended_ms : os_boot_clock_ms();
    if (!child->started_ms)
        return;
    timestamp_text(time, child->started_wall_ms);
    buffer_printf(out, "\tstarted=%s", time);
    if (until >= child->started_ms)
        buffer_printf(out, "\tran-ms=%" PRId64, until - child->started_ms);
}

static void ps_limit(struct buffer *out, const struct child *child)
{
    const struct child_limit *limit = &child->limit;
    if (!limit->ms)
        return;
    buffer_printf(out, "\tlimit-ms=%" PRId64, limit->ms);
    if (!child->exited && !limit->reached)
        buffer_printf(out, "\tlimit-left-ms=%" PRId64, os_time_left(limit->deadline));
    if (limit->reached)
        ps_text(out, "limit", "reached");
    ps_text(out, "limit-files", limit->files);
}

static void ps_child(struct buffer *out, const struct child *child)
{
    buffer_printf(out, "child\tpid=%" PRIu64, child->pid);
    ps_state(out, child);
    ps_text(out, "tag", child->tag);
    ps_text(out, "user", child->user);
    ps_times(out, child);
    ps_limit(out, child);
    if (child->streams)
        ps_text(out, "streams", streams_names(child->streams));
    ps_text(out, "out", child->reports[0]);
    ps_text(out, "err", child->reports[1]);
    ps_text(out, "command", child->command);
}

/* ---- what is asked for ---- */

struct listing {
    const struct children_query *query;
    struct strlist *out;
    struct os_process_root *roots; /* owned */
    char **lines;                  /* owned: of those that run, else NULL */
    size_t count, more;
    bool failed;
};

static bool ps_wants(const struct children_query *query, uint64_t pid, const char *tag)
{
    return (!query->pid || pid == query->pid) && (!query->tag || (tag && strcmp(tag, query->tag) == 0));
}

static void listing_add(struct listing *listing, const struct child *child)
{
    if (!child->tracked || !ps_wants(listing->query, child->pid, child->tag))
        return;
    if (listing->count == listing->query->last) {
        listing->more++;
        return;
    }
    struct buffer line;
    buffer_init(&line, LINE_MAX_SIZE);
    ps_child(&line, child);
    buffer_append(&line, "", 1);
    listing->failed |= line.failed;
    listing->roots[listing->count] = child_root(child);
    listing->lines[listing->count] = line.failed ? NULL : strdup((const char *)line.data);
    listing->failed |= !listing->lines[listing->count++];
    buffer_deinit(&line);
}

/* Adds those that were forgotten, of which only what they have left can be told. */
static void listing_add_left(struct listing *listing, const struct child_table *table)
{
    for (size_t i = 0; i < CHILD_LEFT_MAX; i++) {
        const struct child_left *left = &table->left[i];
        if (left->root.pid && ps_wants(listing->query, left->root.pid, left->tag))
            listing->roots[listing->count++] = left->root;
    }
}

static void listing_look(struct listing *listing, struct children *children)
{
    os_mutex_lock(children->lock);
    for (const struct child *child = children->now.running.newest; child; child = child->older)
        listing_add(listing, child);
    for (const struct child *child = children->now.exited.newest; child; child = child->older)
        listing_add(listing, child);
    if (listing->query->tree)
        listing_add_left(listing, &children->now);
    os_mutex_unlock(children->lock);
}

static void listing_print_children(struct listing *listing)
{
    uint64_t cpu_ms;
    for (size_t i = 0; i < listing->count; i++) {
        const struct os_process_root *root = &listing->roots[i];
        if (!listing->lines[i])
            continue;
        if (!root->end_time && os_process_cpu(root->pid, root->start_time, &cpu_ms))
            strlist_addf(listing->out, "%s\tcpu-ms=%" PRIu64, listing->lines[i], cpu_ms);
        else
            strlist_add(listing->out, listing->lines[i]);
    }
    if (listing->more)
        strlist_addf(listing->out, "more\t%zu", listing->more);
}

static void listing_visit(void *context, size_t root, const struct os_process_info *info)
{
    struct listing *listing = context;
    struct buffer line;
    buffer_init(&line, LINE_MAX_SIZE);
    buffer_printf(&line, "%s\tchild=%" PRIu64 "\tpid=%" PRIu64 "\tparent=%" PRIu64 "\tcpu-ms=%" PRIu64,
                  listing->roots[root].end_time ? "orphan" : "process", listing->roots[root].pid, info->pid,
                  info->parent, info->cpu_ms);
    ps_text(&line, "state", info->state);
    ps_text(&line, "name", info->name);
    buffer_append(&line, "", 1);
    if (!line.failed)
        strlist_add(listing->out, (const char *)line.data);
    listing->failed |= line.failed;
    buffer_deinit(&line);
}

static void listing_print_trees(struct listing *listing)
{
    struct error why;
    struct buffer line;
    if (os_process_forest(listing->roots, listing->count, listing_visit, listing, &why) == 0)
        return;
    buffer_init(&line, LINE_MAX_SIZE);
    field_append(&line, why.text, strlen(why.text));
    buffer_append(&line, "", 1);
    if (!line.failed)
        strlist_addf(listing->out, "no-processes\t%s", (const char *)line.data);
    buffer_deinit(&line);
}

static void listing_deinit(struct listing *listing)
{
    for (size_t i = 0; i < listing->count && listing->lines; i++)
        free(listing->lines[i]);
    free(listing->lines);
    free(listing->roots);
}

/* Names whom the query asked for, when there is nothing to tell of them. */
static int listing_check_any(struct children *children, const struct children_query *query, const struct strlist *out,
                             struct error *err)
{
    if (out->count || (!query->pid && !query->tag))
        return 0;
    if (query->tag)
        return error_set(err, ERR_NOT_FOUND, "ps: no child has the tag '%s'", query->tag);
    os_mutex_lock(children->lock);
    int status = child_not_found(children, query->pid, err);
    os_mutex_unlock(children->lock);
    return status;
}

int children_ps(struct children *children, const struct children_query *query, struct strlist *out, struct error *err)
{
    struct listing listing = {.query = query, .out = out};
    listing.roots = calloc(query->last + CHILD_LEFT_MAX, sizeof *listing.roots);
    listing.lines = calloc(query->last + CHILD_LEFT_MAX, sizeof *listing.lines);
    if (listing.roots && listing.lines) {
        listing_look(&listing, children);
        listing_print_children(&listing);
        if (query->tree)
            listing_print_trees(&listing);
    } else {
        listing.failed = true;
    }
    listing_deinit(&listing);
    if (listing.failed || out->failed)
        return error_set(err, ERR_NO_MEMORY, "ps: no memory for the list");
    return listing_check_any(children, query, out, err);
}

/* ---- ending them ---- */

static int kill_acquired(struct children *children, struct child *child, int grace_ms, struct strlist *killed,
                         struct error *err)
{
    int status = os_process_kill_tree(child->process, grace_ms, killed, err);
    os_mutex_lock(children->lock);
    child_table_reap(&children->now); /* so that a wait right after this one has the status */
    if (status == ERR_TIMEOUT)
        os_process_outlived(child->process);
    child_release(child);
    os_mutex_unlock(children->lock);
    journal_write(children->now.journal); /* and also one that the next agent answers */
    return status;
}

static void left_outlived(struct children *children, const struct os_process_root *root, uint64_t end_time)
{
    os_mutex_lock(children->lock);
    for (size_t i = 0; i < CHILD_LEFT_MAX; i++) {
        struct os_process_root *left = &children->now.left[i].root;
        if (left->pid == root->pid && left->start_time == root->start_time)
            left->end_time = end_time;
    }
    os_mutex_unlock(children->lock);
}

/* Ends what a child has left that the table has forgotten. */
static int kill_left(struct children *children, const struct os_process_root *root, int grace_ms,
                     struct strlist *killed, struct error *err)
{
    struct os_process *process = os_process_recall(root->pid, root->start_time, OS_PROCESS_EXITED, 0, root->end_time);
    if (!process)
        return error_set(err, ERR_NO_MEMORY, "no memory to list the processes");
    int status = os_process_kill_tree(process, grace_ms, killed, err);
    if (status == ERR_TIMEOUT) {
        os_process_outlived(process);
        left_outlived(children, root, os_process_end_time(process));
    }
    os_process_free(process);
    return status;
}

static struct os_process_root find_left(struct children *children, uint64_t pid)
{
    struct os_process_root root = {0};
    os_mutex_lock(children->lock);
    for (size_t i = 0; i < CHILD_LEFT_MAX; i++) {
        const struct os_process_root *left = &children->now.left[i].root;
        if (left->pid == pid && left->start_time >= root.start_time)
            root = *left;
    }
    os_mutex_unlock(children->lock);
    return root;
}

int children_kill(struct children *children, uint64_t pid, int grace_ms, struct strlist *killed, struct error *err)
{
    struct error reason;
    struct child *child = children_acquire(children, pid, err);
    if (child)
        return kill_acquired(children, child, grace_ms, killed, err);
    struct os_process_root left = find_left(children, pid);
    if (!left.pid)
        return ERR_NOT_FOUND;
    int status = kill_left(children, &left, grace_ms, killed, &reason);
    if (status)
        return error_set(err, status, "%s", reason.text);
    return killed->count ? 0 : ERR_NOT_FOUND; /* with the error of who is no child */
}

/* Collects all that ps would look for. Returns NULL without memory. */
static struct os_process_root *collect_roots(struct children *children, size_t *count)
{
    const struct child_list *lists[] = {&children->now.running, &children->now.exited};
    *count = 0;
    os_mutex_lock(children->lock);
    size_t max = children->now.running.count + children->now.exited.count + CHILD_LEFT_MAX;
    struct os_process_root *roots = calloc(max, sizeof *roots);
    for (size_t i = 0; i < 2 && roots; i++)
        for (const struct child *child = lists[i]->newest; child; child = child->older)
            if (child->tracked)
                roots[(*count)++] = child_root(child);
    for (size_t i = 0; i < CHILD_LEFT_MAX && roots; i++)
        if (children->now.left[i].root.pid)
            roots[(*count)++] = children->now.left[i].root;
    os_mutex_unlock(children->lock);
    return roots;
}

int children_kill_one(struct children *children, uint64_t pid, int grace_ms, struct strlist *killed, struct error *err)
{
    size_t count;
    struct os_process_root *roots = collect_roots(children, &count);
    if (!roots)
        return error_set(err, ERR_NO_MEMORY, "no memory to list the processes");
    int status = os_process_kill_one(roots, count, pid, grace_ms, killed, err);
    free(roots);
    os_mutex_lock(children->lock);
    child_table_reap(&children->now); /* it may be a child, whose status is asked for next */
    os_mutex_unlock(children->lock);
    journal_write(children->now.journal);
    return status;
}

struct tagged {
    struct child *child; /* used */
};

/* Collects whom a tag names, those in the table in use. */
static size_t collect_tagged(struct children *children, const char *tag, struct tagged *tagged, size_t max)
{
    const struct child_list *lists[] = {&children->now.running, &children->now.exited};
    size_t count = 0;
    os_mutex_lock(children->lock);
    for (size_t i = 0; i < 2; i++)
        for (struct child *child = lists[i]->newest; child && count < max; child = child->older) {
            if (!child->tracked || !child->tag || strcmp(child->tag, tag) != 0)
                continue;
            child_use(child);
            tagged[count++].child = child;
        }
    os_mutex_unlock(children->lock);
    return count;
}

static size_t collect_left(struct children *children, const char *tag, struct os_process_root roots[CHILD_LEFT_MAX])
{
    size_t count = 0;
    os_mutex_lock(children->lock);
    for (size_t i = 0; i < CHILD_LEFT_MAX; i++) {
        const struct child_left *left = &children->now.left[i];
        if (left->tag && strcmp(left->tag, tag) == 0)
            roots[count++] = left->root;
    }
    os_mutex_unlock(children->lock);
    return count;
}

int children_kill_tag(struct children *children, const char *tag, int grace_ms, struct strlist *killed,
                      struct error *err)
{
    int64_t deadline = os_deadline(grace_ms);
    struct os_process_root roots[CHILD_LEFT_MAX];
    struct tagged *tagged = calloc(children->max, sizeof *tagged);
    struct error reason;
    int first = tagged ? 0 : error_set(err, ERR_NO_MEMORY, "kill: no memory for the list");
    size_t count = tagged ? collect_tagged(children, tag, tagged, children->max) : 0;
    size_t left = collect_left(children, tag, roots);
    for (size_t i = 0; i < count && count > 1; i++) /* all at once: they share the time that they have */
        (void)os_process_signal_child(tagged[i].child->process, false, NULL);
    for (size_t i = 0; i < count + left; i++) {
        int rest = (int)os_time_left(deadline);
        int status = i < count ? kill_acquired(children, tagged[i].child, rest, killed, &reason)
                               : kill_left(children, &roots[i - count], rest, killed, &reason);
        if (status && !first)
            first = error_set(err, status, "%s", reason.text);
    }
    free(tagged);
    if (first || count)
        return first;
    return killed->count ? 0 : error_set(err, ERR_NOT_FOUND, "kill: no child has the tag '%s'", tag);
}
