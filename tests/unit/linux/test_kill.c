/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kills of real processes: what came into being behind a program's end, and what starts others. */
#include "tests/unit/check.h"

#include "platform/clock.h"
#include "platform/process_table.h"

#include <stdlib.h>

#define PATIENCE_MS 60000

static struct error err;

static size_t tree_size(const struct os_process *process)
{
    struct os_process_info *tree;
    size_t count;
    CHECK_INT(os_process_tree(process, &tree, &count, &err), 0);
    free(tree);
    return count;
}

static void what_came_behind_its_end_is_found_once_its_session_was_seen(void)
{
    /* The program ends at once; what it has started starts another one later, and ends. */
    static const char *const argv[] = {"/bin/sh", "-c", "exec >/dev/null 2>&1; (sleep 0.5; sleep 60 & exit) & exit 0",
                                       NULL};
    struct os_process_spec spec = {.argv = argv, .report_exec_failure = true};
    struct os_process *process;
    struct strlist killed = {0};
    uint32_t status;
    CHECK_INT(os_process_spawn(&process, &spec, &err), 0);
    int64_t deadline = os_deadline(PATIENCE_MS);
    while (!os_process_poll(process, &status) && os_time_left(deadline))
        os_sleep_ms(5);
    while (tree_size(process) > 0 && os_time_left(deadline))
        os_sleep_ms(5);
    CHECK_INT(tree_size(process), 0); /* a later program might have had its pid, and have left that */
    os_process_outlived(process);
    CHECK_INT(tree_size(process), 1);
    CHECK_INT(os_process_kill_tree(process, 1000, &killed, &err), 0);
    CHECK_INT(killed.count, 1);
    CHECK_INT(tree_size(process), 0);
    strlist_deinit(&killed);
    os_process_free(process);
}

/* The states of a tree's processes, and one that is wanted in place of the others. */
static bool all_are(const struct os_process *process, size_t want_count, char state)
{
    struct os_process_info *tree;
    size_t count, right = 0;
    CHECK_INT(os_process_tree(process, &tree, &count, &err), 0);
    for (size_t i = 0; i < count; i++)
        right += tree[i].state[0] == state;
    free(tree);
    return count == want_count && right == count;
}

/* What was looked at, by pid; members: those of them that are in the tree. */
struct looked {
    struct os_process_table *table;
    bool *members;
    size_t count;
};

static struct looked look_at(const struct os_process *process)
{
    struct looked looked = {.table = calloc(1, os_process_table_size),
                            .members = calloc(OS_PROCESS_TABLE_MAX, sizeof(bool))};
    struct os_process_info *tree;
    size_t tree_count;
    CHECK_INT(os_process_tree(process, &tree, &tree_count, &err), 0);
    CHECK_INT(os_process_table_look(looked.table, &looked.count, &err), 0);
    for (size_t i = 0; i < looked.count; i++)
        for (size_t k = 0; k < tree_count; k++)
            looked.members[i] |= os_process_table_pid(looked.table, i) == tree[k].pid;
    free(tree);
    return looked;
}

static struct os_process *start_tree(const char *script, size_t size)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    struct os_process_spec spec = {.argv = argv, .report_exec_failure = true};
    struct os_process *process;
    CHECK_INT(os_process_spawn(&process, &spec, &err), 0);
    int64_t deadline = os_deadline(PATIENCE_MS);
    while (!all_are(process, size, 'S') && os_time_left(deadline))
        os_sleep_ms(5);
    return process;
}

static void end_tree(struct os_process *process, struct looked *looked, size_t size)
{
    struct strlist killed = {0};
    CHECK_INT(os_process_kill_tree(process, 0, &killed, &err), 0);
    CHECK_INT(killed.count, size);
    CHECK_INT(tree_size(process), 0);
    strlist_deinit(&killed);
    os_process_free(process);
    free(looked->table);
    free(looked->members);
}

static void what_was_started_behind_the_look_is_stopped_too(void)
{
    struct os_process *process = start_tree("exec >/dev/null 2>&1; sleep 60 & sleep 2; sleep 60 & sleep 60 & wait", 3);
    struct looked looked = look_at(process);
    int64_t deadline = os_deadline(PATIENCE_MS);
    while (!all_are(process, 4, 'S') && os_time_left(deadline))
        os_sleep_ms(5);
    os_process_table_freeze(looked.table, looked.members);
    while (!all_are(process, 4, 'T') && os_time_left(deadline))
        os_sleep_ms(5);
    CHECK(all_are(process, 4, 'T'));
    end_tree(process, &looked, 4);
}

static void who_is_no_member_is_not_stopped_with_it(void)
{
    struct os_process *process = start_tree("exec >/dev/null 2>&1; sleep 60 & sleep 60 & wait", 3);
    struct looked looked = look_at(process);
    for (size_t i = 0; i < looked.count; i++) /* the program itself alone */
        looked.members[i] &= os_process_table_pid(looked.table, i) == os_process_pid(process);
    os_process_table_freeze(looked.table, looked.members);
    struct os_process_info *tree;
    size_t count;
    CHECK_INT(os_process_tree(process, &tree, &count, &err), 0);
    for (size_t i = 0; i < count; i++)
        CHECK(tree[i].pid == os_process_pid(process) || tree[i].state[0] == 'S');
    free(tree);
    end_tree(process, &looked, 3);
}

int main(void)
{
    RUN(what_was_started_behind_the_look_is_stopped_too);
    RUN(who_is_no_member_is_not_stopped_with_it);
    RUN(what_came_behind_its_end_is_found_once_its_session_was_seen);
    return CHECK_RESULT();
}
