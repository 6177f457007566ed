/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a program leaves that has come into being behind its end, by real processes. */
#include "tests/unit/check.h"

#include "platform/clock.h"
#include "platform/process.h"

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

int main(void)
{
    RUN(what_came_behind_its_end_is_found_once_its_session_was_seen);
    return CHECK_RESULT();
}
