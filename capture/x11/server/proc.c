/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/server/proc.h"

#include "base/number.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STUCK_READERS_MAX 16
#define X11_TARGET_SIZE 160
#define READ_MS 200      /* for what a process may withhold */
#define READ_AGAIN_MS 20 /* once one did */

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

/* ---- files that may not end ---- */

/* Freed by whoever is the last to need it: the reader, or who waits for it. */
struct x11_reading {
    char path[64]; /* of /proc; a longer one is not read here */
    char *text;    /* owned */
    size_t size;
    ssize_t len;
    int code;               /* errno */
    atomic_bool is_read;    /* len, code and text are set */
    struct os_waker *ended; /* owned */
    atomic_int users;
    atomic_bool one_left; /* either has gone on: the reader to its end, or who waits without it */
};

static atomic_int stuck_readers; /* which were not waited for */

static void reading_release(struct x11_reading *reading)
{
    if (atomic_fetch_sub(&reading->users, 1) != 1)
        return;
    os_waker_free(reading->ended);
    free(reading->text);
    free(reading);
}

static void reading_main(void *context)
{
    struct x11_reading *reading = context;
    reading->len = x11_read_file(reading->path, reading->text, reading->size);
    reading->code = errno;
    atomic_store(&reading->is_read, true);
    os_waker_set(reading->ended);
    if (atomic_exchange(&reading->one_left, true))
        atomic_fetch_sub(&stuck_readers, 1);
    reading_release(reading);
}

/* Starts a reader. Returns NULL when that is not possible. */
static struct x11_reading *reading_start(const char *path, size_t size)
{
    struct error err;
    struct x11_reading *reading = calloc(1, sizeof *reading);
    if (!reading)
        return NULL;
    atomic_init(&reading->users, 1);
    reading->text = malloc(size);
    reading->size = size;
    snprintf(reading->path, sizeof reading->path, "%s", path);
    if (!reading->text || os_waker_new(&reading->ended, &err) != 0) {
        reading_release(reading);
        return NULL;
    }
    atomic_store(&reading->users, 2);
    if (os_thread_start(reading_main, reading, &err) == 0)
        return reading;
    atomic_store(&reading->users, 1);
    reading_release(reading);
    return NULL;
}

ssize_t x11_read_process_file(const char *path, char *text, size_t size)
{
    int stuck = atomic_load(&stuck_readers);
    if (strlen(path) >= sizeof((struct x11_reading *)0)->path)
        return x11_read_file(path, text, size); /* of a made-up tree */
    struct x11_reading *reading = stuck < STUCK_READERS_MAX ? reading_start(path, size) : NULL;
    errno = ETIMEDOUT;
    if (!reading)
        return -1;
    ssize_t len = -1;
    int code = ETIMEDOUT;
    if (os_waker_wait(reading->ended, os_deadline(stuck ? READ_AGAIN_MS : READ_MS)) && atomic_load(&reading->is_read)) {
        len = reading->len;
        code = reading->code;
        memcpy(text, reading->text, len >= 0 ? (size_t)len + 1 : 0);
    } else {
        atomic_fetch_add(&stuck_readers, 1);
        if (atomic_exchange(&reading->one_left, true)) /* it ended meanwhile */
            atomic_fetch_sub(&stuck_readers, 1);
    }
    reading_release(reading);
    errno = code;
    return len;
}

bool x11_path(char *path, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(path, size, format, args);
    va_end(args);
    return len >= 0 && (size_t)len < size;
}

bool x11_process_name(const char *root, pid_t pid, char name[X11_PROCESS_NAME_SIZE])
{
    char path[PATH_MAX], state;
    ssize_t len = x11_path(path, sizeof path, "%s/proc/%d/comm", root, (int)pid)
                      ? x11_read_file(path, name, X11_PROCESS_NAME_SIZE)
                      : -1;
    if (len <= 0)
        return x11_process_stat(root, pid, name, &state);
    name[len - (name[len - 1] == '\n')] = 0;
    return true;
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

bool x11_each_file(const char *root, pid_t pid, bool (*look)(const char *target, void *context), void *context)
{
    char path[PATH_MAX], target[X11_TARGET_SIZE];
    DIR *folder = x11_path(path, sizeof path, "%s/proc/%d/fd", root, (int)pid) ? opendir(path) : NULL;
    struct dirent *entry;
    bool ends = false;
    if (!folder)
        return false;
    while (!ends && (entry = readdir(folder))) {
        ssize_t len = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);
        target[len > 0 ? len : 0] = 0;
        ends = len > 0 && look(target, context);
    }
    closedir(folder);
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
