/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system's processes by /proc, and signals to them. No cgroup and no sub-reaper marks a tree, since a test could see
   those. */
#include "platform/process_table.h"
#include "linux/errno.h"
#include "linux/proc.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

struct os_process_table {
    size_t count;
    bool stopped[OS_PROCESS_TABLE_MAX]; /* with their groups, by os_process_table_freeze() */
    struct proc_stat all[OS_PROCESS_TABLE_MAX];
};

const size_t os_process_table_size = sizeof(struct os_process_table);

int os_process_table_look(struct os_process_table *table, size_t *count, struct error *err)
{
    int status = proc_list("", table->all, OS_PROCESS_TABLE_MAX, &table->count, err);
    *count = table->count;
    int hidden = table->count > 0 ? proc_check_hidden("/proc/self/mountinfo", err) : 0;
    return hidden ? hidden : status;
}

uint64_t os_process_table_pid(const struct os_process_table *table, size_t index)
{
    return (uint64_t)table->all[index].pid;
}

uint64_t os_process_table_start(struct os_process_table *table, size_t index)
{
    return table->all[index].start;
}

/* Decides by parent and session. Only what a leader started can be in its session: the kernel gives no pid to a new
   process while a session has that number. */
bool os_process_table_is_child(struct os_process_table *table, size_t index, const struct os_process_id *parent)
{
    const struct proc_stat *process = &table->all[index];
    return (uint64_t)process->parent == parent->pid ||
           ((uint64_t)process->session == parent->pid && process->start >= parent->start);
}

bool os_process_table_keeps(const struct os_process_table *table, const struct os_process_id *leader)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct proc_stat *process = &table->all[i];
        if ((uint64_t)process->session == leader->pid && process->start >= leader->start &&
            process->start <= leader->end)
            return true;
    }
    return false;
}

bool os_process_table_is_exempt(const struct os_process_table *table, size_t index)
{
    return proc_has_ended(&table->all[index]) || table->all[index].pid == getpid();
}

void os_process_table_name(const struct os_process_table *table, size_t index, char name[OS_PROCESS_NAME_SIZE])
{
    snprintf(name, OS_PROCESS_NAME_SIZE, "%s", table->all[index].name);
}

/* Gives the state as "S in futex_wait_queue", of the first thread; where that has ended, what is left: "Z, 1 other
   thread". */
void os_process_table_describe(struct os_process_table *table, size_t index, struct os_process_info *info)
{
    const struct proc_stat *process = &table->all[index];
    char where[64];
    int others = process->threads - 1;
    *info = (struct os_process_info){
        .pid = (uint64_t)process->pid, .parent = (uint64_t)process->parent, .cpu_ms = proc_cpu_ms(process)};
    snprintf(info->name, sizeof info->name, "%s", process->name);
    os_process_waits_in((uint64_t)process->pid, where, sizeof where);
    if (process->state == 'Z')
        snprintf(info->state, sizeof info->state, "Z, %d other thread%s", others, others == 1 ? "" : "s");
    else
        snprintf(info->state, sizeof info->state, "%c%s%s", process->state, *where ? " in " : "", where);
}

/* Signals the process that the descriptor holds, so that no later one of its pid gets it; before Linux 5.3 by the pid. */
static int table_signal_held(int held, pid_t pid, int signal_number)
{
    if (held >= 0 && syscall(SYS_pidfd_send_signal, held, signal_number, NULL, 0) == 0)
        return 0;
    if (held >= 0 && errno != ENOSYS)
        return errno;
    return kill(pid, signal_number) < 0 ? errno : 0;
}

/* Sends a signal, unless the process has ended since the look and its pid may have gone to another. group: to all that are
   in its group, too. */
static int table_signal(const struct proc_stat *process, bool group, int signal_number, struct error *err)
{
    struct proc_stat now;
    int held = (int)syscall(SYS_pidfd_open, process->pid, 0); /* before it is looked at */
    bool there = proc_stat_read(process->pid, &now);
    int code = there ? 0 : errno;
    if (there && now.start == process->start && group && now.group > 1 && now.group != getpgrp())
        kill(-now.group, signal_number);
    if (there && now.start == process->start)
        code = table_signal_held(held, process->pid, signal_number);
    if (held >= 0)
        close(held);
    return code == 0 || code == ESRCH ? 0 : errno_error(err, code, there ? NULL : "could not look at it");
}

size_t os_process_table_ask(struct os_process_table *table, const bool *members)
{
    static const int signals[] = {SIGTERM, SIGCONT}; /* what is stopped can't look at the first */
    size_t asked = 0;
    for (size_t s = 0; s < sizeof signals / sizeof signals[0]; s++)
        for (size_t i = 0; i < table->count; i++)
            if (members[i] && table_signal(&table->all[i], false, signals[s], NULL) == 0)
                asked++;
    return asked;
}

/* Returns whether all that the look has found in the group of one of them are members. */
static bool table_group_is_within(const struct os_process_table *table, size_t index, const bool *members)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->all[i].group == table->all[index].group && !members[i] && !proc_has_ended(&table->all[i]))
            return false;
    return true;
}

/* The kernel signals all of a group at once: a process that one of it starts is in it before that, and has the signal, or is
   not started. */
void os_process_table_freeze(struct os_process_table *table, const bool *members)
{
    memset(table->stopped, 0, table->count * sizeof *table->stopped);
    for (size_t i = 0; i < table->count; i++) {
        if (!members[i] || table->stopped[i])
            continue;
        bool whole = table_group_is_within(table, i, members);
        (void)table_signal(&table->all[i], whole, SIGSTOP, NULL);
        for (size_t other = i; whole && other < table->count; other++)
            table->stopped[other] |= table->all[other].group == table->all[i].group;
    }
}

int os_process_table_kill(struct os_process_table *table, size_t index, struct error *err)
{
    return table_signal(&table->all[index], false, SIGKILL, err);
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

bool os_process_cpu(uint64_t pid, uint64_t start_time, uint64_t *ms)
{
    struct proc_stat process;
    if (pid > INT32_MAX || !proc_stat_read((pid_t)pid, &process) || process.start != start_time)
        return false;
    *ms = proc_cpu_ms(&process);
    return true;
}
