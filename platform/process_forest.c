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
    size_t *owners; /* owned, for each process of the table: its root */
};

static struct os_process_id forest_root(const struct forest *forest, size_t index)
{
    const struct os_process_root *root = &forest->roots[index];
    return (struct os_process_id){root->pid, root->start_time, root->end_time};
}

/* Gives the processes that are these roots, or their children, to them. */
static void forest_take_roots(struct forest *forest)
{
    for (size_t r = 0; r < forest->root_count; r++) {
        struct os_process_id root = forest_root(forest, r);
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
    return status;
}
