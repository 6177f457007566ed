/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the system has kept of a crash: pstore's records, also where systemd has moved them, and kdump's folders. */
#include "linux/service/crash.h"
#include "platform/sysinfo.h"
#include "linux/errno.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CRASH_DEPTH 3           /* folders below each other */
#define CRASH_ENTRIES 1000      /* of a folder */
#define CRASH_PATH_SIZE 512     /* bytes */
#define CRASH_TEXT (256 * 1024) /* bytes of a record that are looked at */
#define CRASH_PIECE 4096        /* bytes read at a time */
#define CRASH_SLACK_MS 60000    /* by which clocks may differ */

struct crash {
    int64_t time_ms;
    char path[CRASH_PATH_SIZE];
    int status; /* of a folder that could not be looked at: a failure, with *why */
    struct error *why;
};

static bool is_log(const char *name)
{
    return strncmp(name, "dmesg", 5) == 0;
}

static void crash_consider(struct crash *newest, const char *path, const struct stat *info)
{
    int64_t time_ms = (int64_t)info->st_mtim.tv_sec * 1000;
    if (time_ms <= newest->time_ms)
        return;
    newest->time_ms = time_ms;
    snprintf(newest->path, sizeof newest->path, "%s", path);
}

/* Looks for logs of the kernel below a folder. */
static void crash_search(struct crash *newest, const char *folder, int depth)
{
    char path[CRASH_PATH_SIZE];
    struct stat info;
    struct dirent *entry;
    DIR *list = opendir(folder);
    if (!list && errno != ENOENT) {
        errno_error(newest->why, errno, NULL);
        newest->status = error_prefix(newest->why, ERR_SYSTEM, "'%s' can't be looked at", folder);
    }
    for (int i = 0; list && i < CRASH_ENTRIES && (entry = readdir(list)); i++) {
        int len = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (*entry->d_name == '.' || len >= (int)sizeof path || lstat(path, &info) < 0)
            continue;
        if (S_ISDIR(info.st_mode) && depth > 1)
            crash_search(newest, path, depth - 1);
        else if (S_ISREG(info.st_mode) && is_log(entry->d_name))
            crash_consider(newest, path, &info);
    }
    if (list)
        closedir(list);
}

/* Finds the kernel's own name of a crash in a line of its log. */
static const char *crash_in(const char *line)
{
    static const char *const names[] = {"Kernel panic - ", "BUG: ", "Oops: ", "watchdog: "};
    const char *found = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !found; i++)
        found = strstr(line, names[i]);
    return found;
}

/* Reads the log's name of the crash, a panic's if there is one: that is the last word. */
static void crash_name(const char *path, char *name, size_t size)
{
    char line[CRASH_PIECE];
    size_t seen = 0;
    *name = '\0';
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    if (!file && fd >= 0)
        close(fd);
    while (file && seen < CRASH_TEXT && fgets(line, sizeof line, file)) {
        const char *found = crash_in(line);
        seen += strlen(line);
        line[strcspn(line, "\n")] = '\0';
        if (found && (!*name || *found == 'K'))
            snprintf(name, size, "%s", found);
        if (found && *found == 'K')
            break;
    }
    if (file)
        fclose(file);
}

int os_crash_find(int64_t since_ms, char *name, size_t size, struct error *err)
{
    return crash_find_below("", since_ms, name, size, err);
}

int crash_find_below(const char *root, int64_t since_ms, char *name, size_t size, struct error *err)
{
    char path[CRASH_PATH_SIZE];
    static const char *const folders[] = {"/sys/fs/pstore", "/var/lib/systemd/pstore", "/var/crash"};
    char what[128];
    struct crash newest = {.time_ms = since_ms - CRASH_SLACK_MS, .why = err};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, sizeof path, "%s%s", root, folders[i]);
        crash_search(&newest, path, CRASH_DEPTH);
    }
    if (!*newest.path)
        return newest.status;
    crash_name(newest.path, what, sizeof what);
    snprintf(name, size, "%s (%s)", *what ? what : "the kernel's log was kept", newest.path);
    return 1;
}
