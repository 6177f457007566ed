/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A child with all it started: its descendants, as far as their parents and sessions show. Those that were
   ended here count as parents although they are gone. */
#include "platform/clock.h"
#include "platform/process_table.h"

#include <stdlib.h>

#define POLL_MS 20
#define KILL_MS 3000 /* how long what is killed may take; in a driver's call a process takes for ever */

struct tree {
    struct os_process_table *table; /* owned */
    size_t count;
    bool *members; /* owned, for each of the table */
    struct os_process_id root;
    struct os_process_id *listed; /* owned: those already named in `killed` */
    size_t listed_count;
};

/* ---- who is in it ---- */

static bool tree_is_root(struct tree *tree, size_t index)
{
    return os_process_table_pid(tree->table, index) == tree->root.pid &&
           (tree->root.start == 0 || os_process_table_start(tree->table, index) == tree->root.start);
}

static bool tree_pid_was_reused(struct tree *tree, const struct os_process_id *id)
{
    for (size_t i = 0; i < tree->count; i++)
        if (os_process_table_pid(tree->table, i) == id->pid) {
            uint64_t start = os_process_table_start(tree->table, i);
            return start && id->start && start != id->start;
        }
    return false;
}

/* Returns whether it is a child of one that may be gone. */
static bool tree_is_child_of(struct tree *tree, size_t index, const struct os_process_id *parent)
{
    return os_process_table_is_child(tree->table, index, parent) && !tree_pid_was_reused(tree, parent);
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
        struct os_process_id member = {os_process_table_pid(tree->table, i), os_process_table_start(tree->table, i)};
        if (os_process_table_is_child(tree->table, index, &member))
            return true;
    }
    return false;
}

/* Looks anew and returns the number of live members. */
static size_t tree_look(struct tree *tree)
{
    size_t live = 0;
    bool grew = true;
    tree->count = os_process_table_look(tree->table);
    for (size_t i = 0; i < tree->count; i++)
        tree->members[i] = tree_is_root(tree, i);
    while (grew) {
        grew = false;
        for (size_t i = 0; i < tree->count; i++)
            if (!tree->members[i] && tree_is_child(tree, i))
                grew = tree->members[i] = true;
    }
    for (size_t i = 0; i < tree->count; i++) {
        tree->members[i] = tree->members[i] && !os_process_table_is_exempt(tree->table, i);
        live += tree->members[i];
    }
    return live;
}

static int tree_init(struct tree *tree, const struct os_process *process, struct error *err)
{
    *tree = (struct tree){.root = os_process_id(process)};
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
    struct os_process_id id = {os_process_table_pid(tree->table, index), os_process_table_start(tree->table, index)};
    for (size_t i = 0; i < tree->listed_count; i++)
        if (tree->listed[i].pid == id.pid && tree->listed[i].start == id.start)
            return;
    if (tree->listed_count == OS_PROCESS_TABLE_MAX)
        return;
    tree->listed[tree->listed_count++] = id;
    os_process_table_name(tree->table, index, name);
    strlist_addf(killed, "%llu %s", (unsigned long long)id.pid, name);
}

static void tree_list_members(struct tree *tree, struct strlist *killed)
{
    for (size_t i = 0; i < tree->count; i++)
        if (tree->members[i])
            tree_list(tree, i, killed);
}

static bool tree_gone_by(struct tree *tree, int64_t deadline_ms)
{
    while (tree_look(tree)) {
        if (os_time_left(deadline_ms) == 0)
            return false;
        os_sleep_ms(POLL_MS);
    }
    return true;
}

static int tree_report_survivor(struct tree *tree, struct error *err)
{
    struct os_process_info info;
    for (size_t i = 0; i < tree->count; i++)
        if (tree->members[i]) {
            os_process_table_describe(tree->table, i, &info);
            return error_set(err, ERR_TIMEOUT, "process %llu (%s, %s) does not end even by force",
                             (unsigned long long)info.pid, info.name, info.state);
        }
    return 0;
}

static int tree_kill(struct tree *tree, struct strlist *killed, struct error *err)
{
    int64_t deadline = os_deadline(KILL_MS);
    do { /* again and again: what is being killed may still be starting others */
        tree_list_members(tree, killed);
        for (size_t i = 0; i < tree->count; i++)
            if (tree->members[i])
                os_process_table_kill(tree->table, i);
        if (tree_gone_by(tree, os_deadline(POLL_MS)))
            return 0;
    } while (os_time_left(deadline));
    return tree_report_survivor(tree, err);
}

static int tree_end(struct tree *tree, int grace_ms, struct strlist *killed, struct error *err)
{
    if (!tree_look(tree))
        return 0;
    tree_list_members(tree, killed);
    if (os_process_table_ask(tree->table, tree->members) > 0 && tree_gone_by(tree, os_deadline(grace_ms)))
        return 0;
    return tree_kill(tree, killed, err);
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

int os_process_tree(const struct os_process *process, struct os_process_info **out, size_t *count, struct error *err)
{
    struct tree tree;
    *out = NULL;
    *count = 0;
    int status = tree_init(&tree, process, err);
    if (status == 0) {
        *out = calloc(tree_look(&tree) + 1, sizeof **out);
        status = *out ? 0 : error_set(err, ERR_NO_MEMORY, "no memory to list the processes");
    }
    for (size_t i = 0; *out && i < tree.count; i++)
        if (tree.members[i])
            os_process_table_describe(tree.table, i, &(*out)[(*count)++]);
    tree_deinit(&tree);
    return status;
}
