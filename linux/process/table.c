/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system's processes by /proc, and signals to them. No cgroup and no sub-reaper marks a tree, since a test could see
   those. */
#include "platform/process_table.h"
#include "linux/process/proc.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct os_process_table {
    size_t count;
    struct proc_stat all[OS_PROCESS_TABLE_MAX];
};

const size_t os_process_table_size = sizeof(struct os_process_table);

size_t os_process_table_look(struct os_process_table *table)
{
    return table->count = proc_list(table->all, OS_PROCESS_TABLE_MAX);
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

bool os_process_table_is_exempt(const struct os_process_table *table, size_t index)
{
    return table->all[index].state == 'Z' || table->all[index].pid == getpid();
}

void os_process_table_name(const struct os_process_table *table, size_t index, char name[OS_PROCESS_NAME_SIZE])
{
    snprintf(name, OS_PROCESS_NAME_SIZE, "%s", table->all[index].name);
}

/* Gives the state as "S in futex_wait_queue"; where the kernel does not say what it waits in, as "S". */
void os_process_table_describe(struct os_process_table *table, size_t index, struct os_process_info *info)
{
    const struct proc_stat *process = &table->all[index];
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

/* Sends a signal, unless the pid has gone to another since the look. */
static void table_signal(const struct proc_stat *process, int signal_number)
{
    struct proc_stat now;
    if (proc_stat_read(process->pid, &now) && now.start == process->start)
        kill(process->pid, signal_number);
}

size_t os_process_table_ask(struct os_process_table *table, const bool *members)
{
    static const int signals[] = {SIGTERM, SIGCONT}; /* what is stopped can't look at the first */
    size_t asked = 0;
    for (size_t s = 0; s < sizeof signals / sizeof signals[0]; s++)
        for (size_t i = 0; i < table->count; i++)
            if (members[i]) {
                table_signal(&table->all[i], signals[s]);
                asked++;
            }
    return asked;
}

void os_process_table_kill(struct os_process_table *table, size_t index)
{
    table_signal(&table->all[index], SIGKILL);
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
