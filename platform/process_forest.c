/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All processes of many programs of the agent, by one look: whose each one is. */
#include "platform/process_table.h"

#include <stdlib.h>

#define NOBODYS SIZE_MAX

struct forest {
    const struct os_process_root *roots;
    size_t root_count;
    struct os_process_table *table; /* owned */
    size_t count;
    bool unknown;   /* of a root nobody knows when it was started */
    size_t *owners; /* owned, for each process of the table: its root */
};

/* Returns the start of the process with that pid, 0 if there is none. */
static uint64_t forest_start_of(const struct forest *forest, uint64_t pid)
{
    for (size_t i = 0; i < forest->count; i++)
        if (os_process_table_pid(forest->table, i) == pid)
            return os_process_table_start(forest->table, i);
    return 0;
}

/* Names a root. While one runs, its pid can't be anybody else's, so its start can be learnt if it is not known. */
static struct os_process_id forest_root(const struct forest *forest, size_t index)
{
    const struct os_process_root *root = &forest->roots[index];
    struct os_process_id id = {root->pid, root->start_time, root->end_time};
    if (!id.start && !id.end)
        id.start = forest_start_of(forest, id.pid);
    return id;
}

/* Gives the processes that are these roots, or their children, to them. */
static void forest_take_roots(struct forest *forest)
{
    struct os_process_id root;
    for (size_t r = 0; r < forest->root_count; r++) {
        root = forest_root(forest, r);
        forest->unknown |= !root.start;
        bool means = root.start && process_table_means(forest->table, forest->count, &root);
        for (size_t i = 0; i < forest->count && means; i++) {
            bool self = root.end == 0 && os_process_table_pid(forest->table, i) == root.pid &&
                        os_process_table_start(forest->table, i) == root.start;
            if (self || os_process_table_is_child(forest->table, i, &root))
                forest->owners[i] = r;
        }
    }
}

/* Gives the children of one process to the root of that. Returns whether there were any. */
static bool forest_take_children(struct forest *forest, size_t parent)
{
    bool any = false;
    struct os_process_id id = {os_process_table_pid(forest->table, parent),
                               os_process_table_start(forest->table, parent), 0};
    for (size_t i = 0; i < forest->count; i++) {
        if (forest->owners[i] != NOBODYS || !os_process_table_is_child(forest->table, i, &id))
            continue;
        forest->owners[i] = forest->owners[parent];
        any = true;
    }
    return any;
}

static void forest_find(struct forest *forest)
{
    bool grew = true;
    for (size_t i = 0; i < forest->count; i++)
        forest->owners[i] = NOBODYS;
    forest_take_roots(forest);
    while (grew) {
        grew = false;
        for (size_t i = 0; i < forest->count; i++)
            if (forest->owners[i] != NOBODYS)
                grew |= forest_take_children(forest, i);
    }
}

static void forest_visit(struct forest *forest, os_process_visit *visit, void *context)
{
    struct os_process_info info;
    for (size_t i = 0; i < forest->count; i++) {
        if (forest->owners[i] == NOBODYS || os_process_table_is_exempt(forest->table, i))
            continue;
        os_process_table_describe(forest->table, i, &info);
        visit(context, forest->owners[i], &info);
    }
}

int os_process_forest(const struct os_process_root *roots, size_t count, os_process_visit *visit, void *context,
                      struct error *err)
{
    struct forest forest = {.roots = roots, .root_count = count};
    forest.table = calloc(1, os_process_table_size);
    forest.owners = calloc(OS_PROCESS_TABLE_MAX, sizeof *forest.owners);
    int status = forest.table && forest.owners ? os_process_table_look(forest.table, &forest.count, err)
                                               : error_set(err, ERR_NO_MEMORY, "no memory to list the processes");
    if (forest.table && forest.owners) {
        forest_find(&forest);
        forest_visit(&forest, visit, context);
    }
    free(forest.table);
    free(forest.owners);
    if (status == 0 && forest.unknown)
        return error_set(err, ERR_UNAVAILABLE,
                         "the start of one is not known, so what it has left can't be told from others");
    return status;
}
