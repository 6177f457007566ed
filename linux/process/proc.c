/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/process/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Parses "PID (NAME) STATE PPID PGRP SESSION ...", proc(5). NAME may hold anything, also ')'. */
static bool parse_stat(char *text, struct proc_stat *out)
{
    char *open = strchr(text, '('), *close = strrchr(text, ')');
    int parent, session;
    if (!open || !close || close < open)
        return false;
    /* Fields 3 state, 4 ppid, 5 pgrp, 6 session, 22 starttime. */
    if (sscanf(close + 1, " %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &out->state,
               &parent, &session, &out->start) != 4)
        return false;
    out->parent = parent;
    out->session = session;
    *close = 0;
    snprintf(out->name, sizeof out->name, "%.60s", open + 1);
    for (char *p = out->name; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    return true;
}

bool proc_stat_read(pid_t pid, struct proc_stat *out)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t len = read(fd, text, sizeof text - 1);
    close(fd);
    if (len <= 0)
        return false;
    text[len] = 0;
    out->pid = pid;
    return parse_stat(text, out);
}

size_t proc_list(struct proc_stat *out, size_t max)
{
    size_t count = 0;
    DIR *folder = opendir("/proc");
    if (!folder)
        return 0;
    for (struct dirent *entry; count < max && (entry = readdir(folder));) {
        char *end;
        long pid = strtol(entry->d_name, &end, 10);
        if (pid > 0 && *end == 0 && proc_stat_read((pid_t)pid, &out[count]))
            count++;
    }
    closedir(folder);
    return count;
}
