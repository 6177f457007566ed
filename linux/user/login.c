/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/user/login.h"
#include "linux/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define FILE_MAX 8192
#define PATH_SIZE 512
#define TTY_MAJOR 4

bool login_read_text(const char *root, const char *path, char *out, size_t size)
{
    char full[PATH_SIZE];
    snprintf(full, sizeof full, "%s%s", root, path);
    int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    ssize_t len = read(fd, out, size - 1);
    close(fd);
    out[len > 0 ? len : 0] = '\0';
    return len > 0;
}

bool login_is_of(const char *root, long pid, uid_t user)
{
    char path[PATH_SIZE];
    struct stat info;
    snprintf(path, sizeof path, "%s/proc/%ld", root, pid);
    return stat(path, &info) == 0 && info.st_uid == user;
}

void login_get_value(const char *text, const char *key, char *out, size_t size)
{
    size_t len = strlen(key);
    *out = '\0';
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, len) != 0 || line[len] != '=')
            continue;
        snprintf(out, size, "%.*s", (int)strcspn(line + len + 1, "\n"), line + len + 1);
        return;
    }
}

static bool parse_user(const char *text, uid_t *user)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    *user = (uid_t)value;
    return end != text && *end == '\0' && value < (uid_t)-1;
}

bool login_is_plain(const char *name)
{
    return *name && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(name);
}

static int find_by_logind(struct login *out, const char *root, const char *seat, struct error *err)
{
    char text[FILE_MAX], path[PATH_SIZE], value[64];
    login_get_value(seat, "ACTIVE", out->id, sizeof out->id);
    if (!login_is_plain(out->id))
        return error_set(err, ERR_UNAVAILABLE, "nobody is logged on: seat0 has no active session");
    snprintf(path, sizeof path, "/run/systemd/sessions/%s", out->id);
    if (!login_read_text(root, path, text, sizeof text))
        return error_set(err, ERR_UNAVAILABLE, "nobody is logged on: session %s of seat0 has gone", out->id);
    login_get_value(text, "CLASS", value, sizeof value);
    if (strcmp(value, "greeter") == 0 || strcmp(value, "lock-screen") == 0)
        return error_set(err, ERR_UNAVAILABLE, "nobody is logged on: a %s has seat0", value);
    login_get_value(text, "STATE", value, sizeof value);
    if (strcmp(value, "closing") == 0)
        return error_set(err, ERR_UNAVAILABLE, "nobody is logged on: session %s of seat0 is closing", out->id);
    login_get_value(text, "UID", value, sizeof value);
    if (!parse_user(value, &out->user))
        return error_set(err, ERR_UNAVAILABLE, "session %s of seat0 does not say whose it is", out->id);
    login_get_value(text, "DISPLAY", out->display, sizeof out->display);
    login_get_value(text, "TTY", out->terminal, sizeof out->terminal);
    return 0;
}

/* ---- without logind ---- */

struct terminal_search {
    unsigned number; /* of the virtual terminal */
    bool found;
    uid_t user;
    unsigned long long start; /* of the process that was found: the oldest of an ordinary user */
};

/* Reads the terminal of a process, field 7 of its stat, and its user. */
static bool terminal_of(const char *root, long pid, unsigned *number, uid_t *user)
{
    char path[PATH_SIZE], text[1024];
    struct stat info;
    int device;
    snprintf(path, sizeof path, "%s/proc/%ld", root, pid);
    if (stat(path, &info) < 0)
        return false;
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    if (!login_read_text(root, path, text, sizeof text))
        return false;
    const char *close = strrchr(text, ')');
    if (!close || sscanf(close + 1, " %*c %*d %*d %*d %d", &device) != 1)
        return false;
    *number = minor((dev_t)device);
    *user = info.st_uid;
    return major((dev_t)device) == TTY_MAJOR && *number > 0 && *number < 64;
}

static void login_look_at(struct terminal_search *search, const char *root, long pid)
{
    unsigned number;
    uid_t user;
    struct proc_stat process;
    if (!terminal_of(root, pid, &number, &user) || number != search->number || user == 0)
        return;
    if (!proc_stat_read((pid_t)pid, &process))
        process.start = 0;
    if (!search->found || process.start < search->start)
        *search = (struct terminal_search){number, true, user, process.start};
}

static int find_by_terminal(struct login *out, const char *root, struct error *err)
{
    char path[PATH_SIZE];
    struct terminal_search search = {0};
    if (!login_read_text(root, "/sys/class/tty/tty0/active", out->terminal, sizeof out->terminal) ||
        sscanf(out->terminal, "tty%u", &search.number) != 1)
        return error_set(err, ERR_UNAVAILABLE, "nobody is logged on: there is no logind and no virtual terminal");
    out->terminal[strcspn(out->terminal, "\n")] = '\0';
    snprintf(path, sizeof path, "%s/proc", root);
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char *end;
        long pid = strtol(entry->d_name, &end, 10);
        if (pid > 0 && *end == '\0')
            login_look_at(&search, root, pid);
    }
    if (folder)
        closedir(folder);
    if (!search.found)
        return error_set(err, ERR_UNAVAILABLE, "nobody but root is logged on at %s, the active virtual terminal",
                         out->terminal);
    out->user = search.user;
    return 0;
}

int login_find(struct login *out, const char *root, struct error *err)
{
    char seat[FILE_MAX];
    *out = (struct login){.seat = "seat0"};
    if (login_read_text(root, "/run/systemd/seats/seat0", seat, sizeof seat))
        return find_by_logind(out, root, seat, err);
    return find_by_terminal(out, root, err);
}
