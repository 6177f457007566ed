/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/proc.h"

#include "base/number.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

ssize_t x11_read_file(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -1;
    size_t len = 0;
    ssize_t got;
    do {
        got = read(fd, text + len, size - 1 - len);
        if (got > 0)
            len += (size_t)got;
    } while ((got > 0 && len < size - 1) || (got < 0 && errno == EINTR));
    int saved = errno;
    close(fd);
    errno = saved;
    text[len] = 0;
    return got < 0 ? -1 : (ssize_t)len;
}

bool x11_path(char *path, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(path, size, format, args);
    va_end(args);
    return len >= 0 && (size_t)len < size;
}

bool x11_process_stat(const char *root, pid_t pid, char name[X11_PROCESS_NAME_SIZE], char *state)
{
    char path[PATH_MAX], stat[512];
    if (!x11_path(path, sizeof path, "%s/proc/%d/stat", root, (int)pid) || x11_read_file(path, stat, sizeof stat) < 0)
        return false;
    /* "PID (NAME) STATE ...". A name may contain parentheses and spaces. */
    char *begin = strchr(stat, '('), *end = strrchr(stat, ')');
    if (!begin || !end || end < begin || end[1] != ' ' || end[2] == 0)
        return false;
    *end = 0;
    snprintf(name, X11_PROCESS_NAME_SIZE, "%s", begin + 1);
    *state = end[2];
    return true;
}

long x11_parse_number(const char *text)
{
    uint64_t number;
    return number_take(&text, 999999999, &number) && *text == 0 ? (long)number : -1;
}

static const char *x11_process_state_text(char state)
{
    switch (state) {
    case 'T':
        return "stopped";
    case 't':
        return "stopped by a debugger";
    case 'Z':
    case 'X':
        return "ended";
    case 'D':
        return "waiting in the kernel";
    default:
        return "running: another client may hold it grabbed";
    }
}

void x11_describe_silence(char *text, size_t size, unsigned number, pid_t pid)
{
    char name[X11_PROCESS_NAME_SIZE], state;
    if (pid <= 0)
        snprintf(text, size, "X server :%u does not answer", number);
    else if (!x11_process_stat("", pid, name, &state))
        snprintf(text, size, "X server :%u does not answer (process %d is gone)", number, (int)pid);
    else
        snprintf(text, size, "X server :%u does not answer (process %d %s, %s)", number, (int)pid, name,
                 x11_process_state_text(state));
}
