/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The child table as an upgrade hands it over: lines of text. */
#include "agent/child/children.h"
#include "agent/child/table.h"
#include "agent/log.h"
#include "base/line.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESTORE_TRIES 3 /* of an allocation */

/* Saves a text of any bytes as a line of its own. */
static void save_text(struct buffer *out, const char *key, const char *text)
{
    if (!text)
        return;
    buffer_printf(out, "%s ", key);
    line_append(out, text);
    buffer_append(out, "\n", 1);
}

static void save_limit(const struct child_limit *limit, struct buffer *out)
{
    buffer_printf(out, "limit %" PRId64 " %" PRId64 " %d ", limit->ms, limit->deadline, limit->reached);
    limit_append_actions(out, limit->actions);
    buffer_append(out, " ", 1);
    line_append(out, limit->files ? limit->files : "");
    buffer_append(out, "\n", 1);
}

static void save_child(const struct child *child, struct buffer *out)
{
    buffer_printf(out, "child %d ", child->tracked);
    os_process_save(child->process, out);
    buffer_append(out, "\n", 1);
    save_text(out, "report 0", child->reports[0]);
    save_text(out, "report 1", child->reports[1]);
    if (child->streams)
        buffer_printf(out, "has streams %u\n", streams_number(child->streams));
    save_text(out, "user", child->user);
    save_text(out, "tag", child->tag);
    save_text(out, "command", child->command);
    if (child->limit.ms)
        save_limit(&child->limit, out);
    if (child->on_disk)
        buffer_printf(out, "flushed\n"); /* the journal's file is written anew by the next executable */
    if (child->started_ms)
        buffer_printf(out, "times %" PRId64 " %" PRId64 " %" PRId64 "\n", child->started_ms, child->started_wall_ms,
                      child->exited ? child->ended_ms : 0);
}

static void save_left(const struct child_left *left, struct buffer *out)
{
    const struct os_process_root *root = &left->root;
    if (root->pid)
        buffer_printf(out, "left %" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n", root->pid, root->start_time, root->end_time,
                      left->tag ? left->tag : "");
}

/* Saves the oldest first, so that the newest is also the last one that is restored. */
void children_save(struct children *children, struct buffer *out)
{
    os_mutex_lock(children->lock);
    for (const struct child *child = children->now.exited.oldest; child; child = child->newer)
        save_child(child, out);
    for (const struct child *child = children->now.running.oldest; child; child = child->newer)
        save_child(child, out);
    for (unsigned i = 0; i < CHILD_LEFT_MAX; i++)
        save_left(&children->now.left[(children->now.left_next + i) % CHILD_LEFT_MAX], out);
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

static void restore_times(struct child *child, const char *text)
{
    int64_t ended;
    if (sscanf(text, "%" SCNd64 " %" SCNd64 " %" SCNd64, &child->started_ms, &child->started_wall_ms, &ended) == 3 &&
        ended)
        child->ended_ms = ended;
}

static void restore_limit(struct child_limit *limit, const char *text)
{
    char actions[64];
    int reached, at = 0;
    if (sscanf(text, "%" SCNd64 " %" SCNd64 " %d %63s%n", &limit->ms, &limit->deadline, &reached, actions, &at) < 4 ||
        limit_parse_actions(&limit->actions, actions, NULL)) {
        *limit = (struct child_limit){0};
        return;
    }
    limit->reached = reached;
    limit->files = text[at] && text[at + 1] ? strdup(text + at + 1) : NULL; /* it may begin with a blank */
}

static void restore_left(struct child_table *table, const char *text)
{
    struct os_process_root root;
    int at = 0;
    if (sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %n", &root.pid, &root.start_time, &root.end_time, &at) == 3)
        child_table_leave(table, root, text[at] ? strdup(text + at) : NULL);
}

static void restore_streams_of(struct child *child, const char *number)
{
    child->streams = streams_of_number(strtoull(number, NULL, 10));
    if (child->exited)
        streams_exited(child->streams); /* meanwhile */
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
    else if (strncmp(line, "tag ", 4) == 0)
        restore_text(children, offsetof(struct child, tag), line + 4);
    else if (strncmp(line, "command ", 8) == 0)
        restore_text(children, offsetof(struct child, command), line + 8);
    else if (strncmp(line, "times ", 6) == 0 && children->restored)
        restore_times(children->restored, line + 6);
    else if (strncmp(line, "limit ", 6) == 0 && children->restored && !children->restored->limit.ms)
        restore_limit(&children->restored->limit, line + 6);
    else if (strcmp(line, "flushed") == 0 && children->restored)
        children->restored->synced = children->restored->on_disk = true;
    else if (strncmp(line, "left ", 5) == 0)
        restore_left(&children->now, line + 5);
    else if (strncmp(line, "has streams ", 12) == 0 && children->restored && !children->restored->streams)
        restore_streams_of(children->restored, line + 12);
}
