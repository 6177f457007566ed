/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/proc.h"
#include "linux/errno.h"
#include "platform/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATH_SIZE 512
#define MOUNTS_LINE 4096 /* bytes; a longer line is not that of /proc */
#define GROUPS_MOST 65536

/* Parses "PID (NAME) STATE PPID PGRP SESSION ...", proc(5). NAME may hold anything, also ')'. */
static bool parse_stat(char *text, struct proc_stat *out)
{
    char *open = strchr(text, '('), *close = strrchr(text, ')');
    unsigned long user, system;
    int parent, group, session;
    if (!open || !close || close < open)
        return false;
    /* Fields 3 state, 4 ppid, 5 pgrp, 6 session, 14 utime, 15 stime, 20 num_threads, 22 starttime. */
    if (sscanf(close + 1, " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %d %*d %llu", &out->state,
               &parent, &group, &session, &user, &system, &out->threads, &out->start) != 8)
        return false;
    out->cpu = (unsigned long long)user + system;
    out->parent = parent;
    out->group = group;
    out->session = session;
    *close = 0;
    snprintf(out->name, sizeof out->name, "%.60s", open + 1);
    for (char *p = out->name; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    return true;
}

/* Reads a short file. Returns its length, or -1 with the reason in errno. */
static ssize_t proc_read_text(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t len = read(fd, text, size - 1);
    int code = errno;
    close(fd);
    errno = code;
    if (len >= 0)
        text[len] = 0;
    return len;
}

static bool stat_read_below(const char *root, pid_t pid, struct proc_stat *out)
{
    char path[PATH_SIZE], text[1024];
    snprintf(path, sizeof path, "%s/proc/%ld/stat", root, (long)pid);
    ssize_t len = proc_read_text(path, text, sizeof text);
    out->pid = pid;
    if (len > 0 && parse_stat(text, out))
        return true;
    if (len >= 0)
        errno = EBADMSG;
    else if (errno == ENOENT)
        errno = ESRCH;
    return false;
}

bool proc_stat_read(pid_t pid, struct proc_stat *out)
{
    return stat_read_below("", pid, out);
}

static unsigned long long proc_tick_ms(void)
{
    long per_second = sysconf(_SC_CLK_TCK);
    return per_second > 0 && per_second <= 1000 ? 1000u / (unsigned long)per_second : 10;
}

unsigned long long proc_ticks_at(int64_t boot_ms)
{
    return (unsigned long long)boot_ms / proc_tick_ms();
}

uint64_t proc_cpu_ms(const struct proc_stat *process)
{
    return process->cpu * proc_tick_ms();
}

bool proc_has_ended(const struct proc_stat *process)
{
    return (process->state == 'Z' && process->threads <= 1) || process->state == 'X';
}

/* ---- all of them ---- */

/* Fails when what is at /proc is not the system's, or that of other process ids than the agent's. */
static int check_is_own(const char *root, struct error *err)
{
    char path[PATH_SIZE], target[32];
    snprintf(path, sizeof path, "%s/proc/self", root);
    ssize_t len = readlink(path, target, sizeof target - 1);
    if (len < 0 && errno != ENOENT)
        return errno_error(err, errno, "could not look at the processes: /proc/self");
    target[len > 0 ? len : 0] = 0;
    if (len < 0 || strtol(target, NULL, 10) != getpid())
        return error_set(err, ERR_UNAVAILABLE, "could not look at the processes: /proc does not show them");
    return 0;
}

/* Adds the process of an entry of /proc; one that has ended meanwhile is none. */
static int proc_add(const char *root, const char *name, struct proc_stat *out, size_t *count, struct error *err)
{
    char *end, what[64];
    long pid = strtol(name, &end, 10);
    if (pid <= 0 || *end)
        return 0;
    if (stat_read_below(root, (pid_t)pid, &out[*count]))
        (*count)++;
    else if (errno != ESRCH) {
        snprintf(what, sizeof what, "could not look at process %ld", pid);
        return errno_error(err, errno, what);
    }
    return 0;
}

int proc_list(const char *root, struct proc_stat *out, size_t max, size_t *count, struct error *err)
{
    char path[PATH_SIZE];
    *count = 0;
    int first = check_is_own(root, err);
    if (first)
        return first;
    snprintf(path, sizeof path, "%s/proc", root);
    DIR *folder = opendir(path);
    if (!folder)
        return errno_error(err, errno, "could not look at the processes: /proc");
    struct dirent *entry;
    while (errno = 0, *count < max && (entry = readdir(folder))) {
        int status = proc_add(root, entry->d_name, out, count, first ? NULL : err);
        first = first ? first : status;
    }
    if (errno && !first)
        first = errno_error(err, errno, "could not look at the processes: /proc");
    else if (*count == max && !first)
        first = error_set(err, ERR_LIMIT, "could not look at all processes: there are %zu or more", max);
    closedir(folder);
    return first;
}

/* ---- those that are hidden ---- */

/* Finds what hidepid= says in the options of a mount, and the group that may see all; -1 for none. */
static bool parse_hidepid(const char *options, char value[16], long *group)
{
    const char *hidepid = strstr(options, "hidepid="), *gid = strstr(options, "gid=");
    *group = -1;
    if (!hidepid)
        return false;
    hidepid += strlen("hidepid=");
    snprintf(value, 16, "%.*s", (int)strcspn(hidepid, ",\n"), hidepid);
    if (gid && strcmp(value, "4") != 0 && strcmp(value, "ptraceable") != 0)
        *group = strtol(gid + strlen("gid="), NULL, 10);
    return strcmp(value, "0") != 0 && strcmp(value, "off") != 0;
}

/* Reads the options of the last mount at /proc, which covers those before it. */
static bool read_mount_options(const char *mountinfo, char *options, size_t size, struct error *err)
{
    char line[MOUNTS_LINE], place[64];
    FILE *file = fopen(mountinfo, "re");
    if (!file) {
        errno_error(err, errno, "could not look at all processes: the mount of /proc");
        return false;
    }
    *options = 0;
    while (fgets(line, sizeof line, file)) {
        const char *type = strstr(line, " - proc ");
        if (type && sscanf(line, "%*d %*d %*s %*s %63s", place) == 1 && strcmp(place, "/proc") == 0)
            snprintf(options, size, "%s", type);
    }
    fclose(file);
    return true;
}

/* Returns whether this process may look at any other, whatever its owner. */
static bool may_trace_all(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    return syscall(SYS_capget, &header, data) == 0 && (data[0].effective & 1u << CAP_SYS_PTRACE);
}

static bool is_in_group(long group)
{
    gid_t *groups = group >= 0 ? calloc(GROUPS_MOST, sizeof *groups) : NULL;
    int count = groups ? getgroups(GROUPS_MOST, groups) : 0;
    bool found = group >= 0 && getegid() == (gid_t)group;
    for (int i = 0; i < count; i++)
        found |= groups[i] == (gid_t)group;
    free(groups);
    return found;
}

int proc_check_hidden(const char *mountinfo, struct error *err)
{
    char options[MOUNTS_LINE], value[16];
    long group;
    if (may_trace_all())
        return 0;
    if (!read_mount_options(mountinfo, options, sizeof options, err))
        return err ? err->status : ERR_SYSTEM;
    if (!parse_hidepid(options, value, &group) || is_in_group(group))
        return 0;
    return error_set(err, ERR_UNAVAILABLE,
                     "could not look at all processes: /proc is mounted with hidepid=%s, which hides other users'",
                     value);
}

void os_process_waits_in(uint64_t pid, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%llu/wchan", (unsigned long long)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, text, size - 1) : 0;
    text[len > 0 ? len : 0] = 0;
    if (fd >= 0)
        close(fd);
    if (strcmp(text, "0") == 0)
        *text = 0;
}
