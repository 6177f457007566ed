/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A child with all it started: its descendants, as far as their parents and sessions show. Those that were
   ended here count as parents although they are gone. */
#include "platform/clock.h"
#include "platform/process_table.h"

#include <stdlib.h>
#include <string.h>

#define POLL_MS 20
#define LOOKS_MAX 3    /* at one time: without memory or a descriptor one may fail, and the next not */
#define FREEZE_MS 5000 /* for those that start others as fast as they are ended */
#define KILL_MS 3000   /* how long none of what is killed may end; in a driver's call a process takes for ever */
#define KILL_MOST_MS 20000

struct tree {
    const struct os_process *process; /* the root */
    struct os_process_table *table;   /* owned */
    size_t count;
    bool *members;       /* owned, for each of the table */
    int unseen;          /* 0, or the status of the last look, which did not see all */
    struct error reason; /* of that */
    bool root_hidden;    /* it runs, but the last look did not see it */
    struct error missed; /* why processes may have been ended that are not in `killed` */
    struct os_process_id root;
    struct os_process_id *listed; /* owned: those already named in `killed` */
    size_t listed_count;
};

/* ---- who is in it ---- */

/* A pid whose start is unknown can't be anybody else's as long as the child has not ended. */
static bool tree_is_root(struct tree *tree, size_t index)
{
    return os_process_table_pid(tree->table, index) == tree->root.pid && tree->root.start &&
           os_process_table_start(tree->table, index) == tree->root.start;
}

static void tree_learn_start(struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        if (os_process_table_pid(tree->table, i) == tree->root.pid && !os_process_has_ended(tree->process))
            tree->root.start = os_process_table_start(tree->table, i);
}

bool process_table_means(struct os_process_table *table, size_t count, const struct os_process_id *id)
{
    for (size_t i = 0; i < count; i++)
        if (os_process_table_pid(table, i) == id->pid) {
            uint64_t start = os_process_table_start(table, i);
            return !start || !id->start || start == id->start;
        }
    return id->end == 0 || os_process_table_keeps(table, id);
}

/* Returns whether it is a child of one that may be gone. */
static bool tree_is_child_of(struct tree *tree, size_t index, const struct os_process_id *parent)
{
    return os_process_table_is_child(tree->table, index, parent) &&
           process_table_means(tree->table, tree->count, parent);
}

static bool tree_is_child(struct tree *tree, size_t index)
{
    if (tree_is_child_of(tree, index, &tree->root))
        return true;
    for (size_t i = 0; i < tree->listed_count; i++)
        if (tree_is_child_of(tree, index, &tree->listed[i]))
            return true;
    for (size_t i = 0; i < tree->count; i++) {
        if (!tree->members[i])
            continue;
        struct os_process_id member = {os_process_table_pid(tree->table, i), os_process_table_start(tree->table, i), 0};
        if (os_process_table_is_child(tree->table, index, &member))
            return true;
    }
    return false;
}

static void tree_find_members(struct tree *tree)
{
    bool grew = true;
    for (size_t i = 0; i < tree->count; i++)
        tree->members[i] = tree_is_root(tree, i);
    while (grew) {
        grew = false;
        for (size_t i = 0; i < tree->count; i++)
            if (!tree->members[i] && tree_is_child(tree, i))
                grew = tree->members[i] = true;
    }
}

/* Leaves the live members alone and returns their number. Of the root it asks the system, not the table. */
static size_t tree_count_live(struct tree *tree)
{
    size_t live = 0;
    bool root_runs = !os_process_has_ended(tree->process);
    tree->root_hidden = root_runs;
    for (size_t i = 0; i < tree->count; i++) {
        if (!tree->members[i])
            continue;
        bool is_root = tree_is_root(tree, i);
        tree->root_hidden &= !is_root;
        tree->members[i] = is_root ? root_runs : !os_process_table_is_exempt(tree->table, i);
        live += tree->members[i];
    }
    return live + tree->root_hidden;
}

/* Looks anew and returns the number of live members. */
static size_t tree_look(struct tree *tree)
{
    tree->unseen = -1;
    for (int i = 0; i < LOOKS_MAX && tree->unseen; i++)
        tree->unseen = os_process_table_look(tree->table, &tree->count, &tree->reason);
    if (tree->root.start == 0)
        tree_learn_start(tree);
    if (tree->root.start == 0) {
        memset(tree->members, 0, tree->count * sizeof *tree->members);
        tree->unseen = tree->unseen
                           ? tree->unseen
                           : error_set(&tree->reason, ERR_UNAVAILABLE,
                                       "its start is not known, so what it has left can't be told from others");
    } else {
        tree_find_members(tree);
    }
    return tree_count_live(tree);
}

static int tree_init(struct tree *tree, const struct os_process *process, struct error *err)
{
    *tree = (struct tree){.process = process, .root = os_process_id(process)};
    tree->table = calloc(1, os_process_table_size);
    tree->members = calloc(OS_PROCESS_TABLE_MAX, sizeof *tree->members);
    tree->listed = calloc(OS_PROCESS_TABLE_MAX, sizeof *tree->listed);
    return tree->table && tree->members && tree->listed
               ? 0
               : error_set(err, ERR_NO_MEMORY, "no memory to list the processes");
}

static void tree_deinit(struct tree *tree)
{
    free(tree->table);
    free(tree->members);
    free(tree->listed);
}

/* ---- ending it ---- */

static void tree_list(struct tree *tree, size_t index, struct strlist *killed)
{
    char name[OS_PROCESS_NAME_SIZE];
    struct os_process_id id = {os_process_table_pid(tree->table, index), os_process_table_start(tree->table, index), 0};
    for (size_t i = 0; i < tree->listed_count; i++)
        if (tree->listed[i].pid == id.pid && tree->listed[i].start == id.start)
            return;
    if (tree->listed_count == OS_PROCESS_TABLE_MAX)
        return;
    tree->listed[tree->listed_count++] = id;
    os_process_table_name(tree->table, index, name);
    strlist_addf(killed, "%llu %s", (unsigned long long)id.pid, name);
}

/* Lists those that are about to be ended. */
static void tree_list_members(struct tree *tree, struct strlist *killed)
{
    if (tree->unseen)
        tree->missed = tree->reason;
    else if (tree->root_hidden)
        error_set(&tree->missed, ERR_UNAVAILABLE, "process %llu ran but was not listed",
                  (unsigned long long)tree->root.pid);
    for (size_t i = 0; i < tree->count; i++)
        if (tree->members[i])
            tree_list(tree, i, killed);
}

/* Returns how many live still. */
static size_t tree_live_by(struct tree *tree, int64_t deadline_ms)
{
    size_t live;
    while ((live = tree_look(tree)) && os_time_left(deadline_ms) > 0)
        os_sleep_ms(POLL_MS);
    return live;
}

static int tree_report_survivor(struct tree *tree, size_t index, struct error *err)
{
    struct os_process_info info;
    struct error reason;
    int status = os_process_table_kill(tree->table, index, &reason);
    os_process_table_describe(tree->table, index, &info);
    if (status)
        return error_set(err, status, "process %llu (%s, %s) can't be ended: %s", (unsigned long long)info.pid,
                         info.name, info.state, reason.text);
    return error_set(err, ERR_TIMEOUT, "process %llu (%s, %s) does not end even by force", (unsigned long long)info.pid,
                     info.name, info.state);
}

static int tree_report_hidden_root(struct tree *tree, struct error *err)
{
    struct error reason;
    int status = os_process_signal_child(tree->process, true, &reason);
    const char *why = status ? reason.text : "it does not end even by force";
    return error_set(err, status ? status : ERR_TIMEOUT, "process %llu runs but can't be seen: %s; %s",
                     (unsigned long long)tree->root.pid, tree->unseen ? tree->reason.text : "it is not listed", why);
}

/* Decides by the last look whether all have ended. */
static int tree_conclude(struct tree *tree, struct error *err)
{
    for (size_t i = 0; i < tree->count; i++)
        if (tree->members[i])
            return tree_report_survivor(tree, i, err);
    if (tree->root_hidden)
        return tree_report_hidden_root(tree, err);
    if (tree->unseen)
        return error_set(err, tree->unseen, "process %llu has ended, but maybe not all that it has started: %s",
                         (unsigned long long)tree->root.pid, tree->reason.text);
    return 0;
}

/* Stops the members, until no more are found: a fork bomb makes more of them than can be ended one after the other. */
static void tree_freeze(struct tree *tree)
{
    int64_t deadline = os_deadline(FREEZE_MS);
    size_t before, live = 0;
    do {
        before = live;
        os_process_table_freeze(tree->table, tree->members);
        live = tree_look(tree);
    } while (live > before && os_time_left(deadline));
}

/* On a slow machine each look may take longer than what is killed needs to end. */
static void tree_kill(struct tree *tree, struct strlist *killed)
{
    int64_t deadline = os_deadline(KILL_MS), most = os_deadline(KILL_MOST_MS);
    size_t least = SIZE_MAX, live;
    unsigned turn = 0;
    do { /* again and again: what is being killed may still be starting others */
        if (turn > 0)
            tree_freeze(tree);
        tree_list_members(tree, killed);
        for (size_t i = 0; i < tree->count; i++)
            if (tree->members[i])
                (void)os_process_table_kill(tree->table, i, NULL);
        if (tree->root_hidden)
            (void)os_process_signal_child(tree->process, true, NULL);
        live = tree_live_by(tree, os_deadline(POLL_MS));
        if (turn++ < 2 || live < least)
            deadline = os_deadline(KILL_MS);
        least = live < least ? live : least;
    } while (live && os_time_left(deadline) && os_time_left(most));
}

/* Asks the members to end. Returns whether any was asked. */
static bool tree_ask(struct tree *tree)
{
    bool root = tree->root_hidden && os_process_signal_child(tree->process, false, NULL) == 0;
    return os_process_table_ask(tree->table, tree->members) > 0 || root;
}

static int tree_end(struct tree *tree, int grace_ms, struct strlist *killed, struct error *err)
{
    if (tree_look(tree)) {
        tree->root.end = 0; /* whoever comes into its session from here on does so as one of them */
        tree_list_members(tree, killed);
        if (!tree_ask(tree) || tree_live_by(tree, os_deadline(grace_ms)))
            tree_kill(tree, killed);
    }
    int status = tree_conclude(tree, err);
    if (status == 0 && killed->failed)
        return error_set(err, ERR_NO_MEMORY,
                         "process %llu and all that it has started have ended, but there is no memory to name them",
                         (unsigned long long)tree->root.pid);
    if (status == 0 && tree->missed.status)
        strlist_addf(killed, "processes=not all are named: %s", tree->missed.text);
    return status;
}

int os_process_kill_tree(struct os_process *process, int grace_ms, struct strlist *killed, struct error *err)
{
    struct tree tree;
    int status = tree_init(&tree, process, err);
    if (status == 0)
        status = tree_end(&tree, grace_ms, killed, err);
    tree_deinit(&tree);
    return status;
}

/* ---- describing it ---- */

/* Copies the members of the last look. Fails, with the reason, when it did not see all. */
static int tree_copy(struct tree *tree, struct os_process_info *out, size_t *count, struct error *err)
{
    for (size_t i = 0; i < tree->count; i++)
        if (tree->members[i])
            os_process_table_describe(tree->table, i, &out[(*count)++]);
    if (tree->unseen)
        return error_set(err, tree->unseen, "%s", tree->reason.text);
    if (tree->root_hidden)
        return error_set(err, ERR_UNAVAILABLE, "process %llu runs but is not listed",
                         (unsigned long long)tree->root.pid);
    return 0;
}

int os_process_tree(const struct os_process *process, struct os_process_info **out, size_t *count, struct error *err)
{
    struct tree tree;
    *out = NULL;
    *count = 0;
    int status = tree_init(&tree, process, err);
    if (status == 0) {
        *out = calloc(tree_look(&tree) + 1, sizeof **out);
        status = *out ? tree_copy(&tree, *out, count, err)
                      : error_set(err, ERR_NO_MEMORY, "no memory to list the processes");
    }
    tree_deinit(&tree);
    return status;
}
