/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ends a child with all it started: its descendants, and whatever is in its session although its parent is gone. No
   cgroup and no sub-reaper, since a test could see those. */
#include "platform/clock.h"
#include "platform/process.h"
#include "linux/process/proc.h"
#include "linux/process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROCESSES_MAX 32768
#define POLL_MS 20
#define KILL_MS 3000 /* how long what got SIGKILL may take; a process in D state takes for ever */

struct tree {
    struct proc_stat *all; /* owned, PROCESSES_MAX */
    bool *member;          /* owned, parallel to all */
    size_t count;
    struct process_identity root;
    struct process_identity *listed; /* owned: those already told of */
    size_t listed_count;
};

static bool is_root(const struct tree *tree, const struct proc_stat *process)
{
    return process->pid == tree->root.pid && (tree->root.start == 0 || process->start == tree->root.start);
}

static bool parent_is_member(const struct tree *tree, const struct proc_stat *process)
{
    for (size_t i = 0; i < tree->count; i++)
        if (tree->member[i] && tree->all[i].pid == process->parent)
            return true;
    return false;
}

/* The kernel gives no pid to a new process while a session still has that number: so if another process has the root's
   pid, nothing is left in the root's session. */
static bool root_pid_reused(const struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        if (tree->all[i].pid == tree->root.pid && !is_root(tree, &tree->all[i]))
            return true;
    return false;
}

/* Only what the tree started can be in a session that one of its members leads. */
static bool session_is_members(const struct tree *tree, const struct proc_stat *process)
{
    if (process->session == tree->root.pid)
        return !root_pid_reused(tree);
    for (size_t i = 0; i < tree->listed_count; i++)
        if (tree->listed[i].pid == process->session)
            return true;
    return false;
}

/* The number of live members. */
static size_t tree_look(struct tree *tree)
{
    size_t live = 0;
    bool grew = true;
    tree->count = proc_list(tree->all, PROCESSES_MAX);
    for (size_t i = 0; i < tree->count; i++)
        tree->member[i] = is_root(tree, &tree->all[i]) ||
                          (tree->all[i].start >= tree->root.start && session_is_members(tree, &tree->all[i]));
    while (grew) {
        grew = false;
        for (size_t i = 0; i < tree->count; i++)
            if (!tree->member[i] && parent_is_member(tree, &tree->all[i]))
                grew = tree->member[i] = true;
    }
    for (size_t i = 0; i < tree->count; i++) {
        if (tree->all[i].state == 'Z' || tree->all[i].pid == getpid())
            tree->member[i] = false;
        live += tree->member[i];
    }
    return live;
}

static bool is_listed(const struct tree *tree, const struct proc_stat *process)
{
    for (size_t i = 0; i < tree->listed_count; i++)
        if (tree->listed[i].pid == process->pid && tree->listed[i].start == process->start)
            return true;
    return false;
}

static void tree_signal(struct tree *tree, int signal_number, struct strlist *killed)
{
    for (size_t i = 0; i < tree->count; i++) {
        struct proc_stat now, *process = &tree->all[i];
        if (!tree->member[i])
            continue;
        if (!is_listed(tree, process) && tree->listed_count < PROCESSES_MAX) {
            tree->listed[tree->listed_count++] = (struct process_identity){process->pid, process->start};
            strlist_addf(killed, "%ld %s", (long)process->pid, process->name);
        }
        /* Its pid may have gone to another since the look. */
        if (proc_stat_read(process->pid, &now) && now.start == process->start)
            kill(process->pid, signal_number);
    }
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

static int tree_end(struct tree *tree, int grace_ms, struct strlist *killed, struct error *err)
{
    int64_t deadline;
    if (!tree_look(tree))
        return 0;
    tree_signal(tree, SIGTERM, killed);
    tree_signal(tree, SIGCONT, killed);
    if (tree_gone_by(tree, os_deadline(grace_ms)))
        return 0;
    deadline = os_deadline(KILL_MS);
    do { /* again and again: what is being killed may still be starting others */
        tree_signal(tree, SIGKILL, killed);
        if (tree_gone_by(tree, os_deadline(POLL_MS)))
            return 0;
    } while (os_time_left(deadline));
    for (size_t i = 0; i < tree->count; i++)
        if (tree->member[i])
            return error_set(err, ERR_TIMEOUT, "the %ld process (%s, state %c) does not end even by SIGKILL",
                             (long)tree->all[i].pid, tree->all[i].name, tree->all[i].state);
    return 0;
}

static int tree_init(struct tree *tree, const struct os_process *process, struct error *err)
{
    *tree = (struct tree){.root = process_identity(process)};
    tree->all = calloc(PROCESSES_MAX, sizeof *tree->all);
    tree->member = calloc(PROCESSES_MAX, sizeof *tree->member);
    tree->listed = calloc(PROCESSES_MAX, sizeof *tree->listed);
    return tree->all && tree->member && tree->listed ? 0
                                                     : error_set(err, ERR_NO_MEMORY, "no memory to list the processes");
}

static void tree_deinit(struct tree *tree)
{
    free(tree->all);
    free(tree->member);
    free(tree->listed);
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

/* ---- telling ---- */

/* "S in futex_wait_queue"; where the kernel does not tell what it waits in, "S". */
static void describe(struct os_process_info *info, const struct proc_stat *process)
{
    char path[64], where[64] = "";
    *info = (struct os_process_info){.pid = (uint64_t)process->pid, .parent = (uint64_t)process->parent};
    snprintf(info->name, sizeof info->name, "%s", process->name);
    snprintf(path, sizeof path, "/proc/%ld/wchan", (long)process->pid);
    FILE *file = fopen(path, "re");
    size_t len = file ? fread(where, 1, sizeof where - 1, file) : 0;
    if (file)
        fclose(file);
    bool known = len > 0 && strcmp(where, "0") != 0;
    snprintf(info->state, sizeof info->state, "%c%s%s", process->state, known ? " in " : "", known ? where : "");
}

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
        if (tree.member[i])
            describe(&(*out)[(*count)++], &tree.all[i]);
    tree_deinit(&tree);
    return status;
}

bool os_process_name(uint64_t pid, char name[OS_PROCESS_NAME_SIZE])
{
    struct proc_stat process;
    *name = 0;
    if (pid > INT32_MAX || !proc_stat_read((pid_t)pid, &process))
        return false;
    snprintf(name, OS_PROCESS_NAME_SIZE, "%s", process.name);
    return true;
}
