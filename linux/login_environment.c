/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/login.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENVIRONMENT_MAX (128 * 1024) /* bytes; a larger one is not looked at */
#define PATH_SIZE 512

/* What makes a program part of a session. The first are what a picture or a test's window depends on. */
static const char *const wanted[] = {
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_SESSION_ID",
    "XDG_SEAT",
    "XDG_VTNR",
    "XDG_SESSION_TYPE",
    "XDG_SESSION_CLASS",
    "XDG_CURRENT_DESKTOP",
    "DESKTOP_SESSION",
    "XDG_DATA_DIRS",
    "XDG_CONFIG_DIRS",
    "LANG",
};
#define WANTED_COUNT (sizeof wanted / sizeof wanted[0])

struct candidate {
    long pid;
    unsigned score;
    char *text; /* owned; NUL after each variable, and one more */
    size_t len;
};

/* Reads the whole file, with a NUL more; returns NULL when it can't be read or is too large. */
static char *read_environment(const char *root, long pid, size_t *len)
{
    char path[PATH_SIZE];
    ssize_t got;
    snprintf(path, sizeof path, "%s/proc/%ld/environ", root, pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    char *text = malloc(ENVIRONMENT_MAX + 1);
    *len = 0;
    while (text && *len < ENVIRONMENT_MAX && (got = read(fd, text + *len, ENVIRONMENT_MAX - *len)) > 0)
        *len += (size_t)got;
    close(fd);
    if (text && *len < ENVIRONMENT_MAX) {
        text[*len] = '\0';
        return text;
    }
    free(text);
    return NULL;
}

static const char *login_environment_value(const char *text, size_t len, const char *name)
{
    size_t name_len = strlen(name);
    for (const char *at = text; at < text + len; at += strlen(at) + 1)
        if (strncmp(at, name, name_len) == 0 && at[name_len] == '=')
            return at + name_len + 1;
    return NULL;
}

/* Returns how well an environment suits: the more of the wanted variables the better; another session's is the last
   choice. */
static unsigned score(const struct login *session, const char *text, size_t len)
{
    unsigned points = 1;
    for (size_t i = 0; i < WANTED_COUNT; i++)
        points += login_environment_value(text, len, wanted[i]) ? (i < 5 ? 10 : 1) : 0;
    const char *id = login_environment_value(text, len, "XDG_SESSION_ID");
    if (session && *session->id && id && strcmp(id, session->id) == 0)
        points += 1000;
    return points;
}

static void login_environment_look_at(struct candidate *best, const struct login_search *search, long pid)
{
    size_t len;
    char *text = search->may_read(search->context, pid) ? read_environment(search->root, pid, &len) : NULL;
    if (!text)
        return;
    unsigned points = score(search->session, text, len);
    if (points > best->score) {
        free(best->text);
        *best = (struct candidate){pid, points, text, len};
    } else {
        free(text);
    }
}

static bool is_of(const char *root, long pid, uid_t user)
{
    char path[PATH_SIZE];
    struct stat info;
    snprintf(path, sizeof path, "%s/proc/%ld", root, pid);
    return stat(path, &info) == 0 && info.st_uid == user;
}

long login_environment(const struct login_search *search, struct strlist *out)
{
    char path[PATH_SIZE];
    struct candidate best = {0};
    snprintf(path, sizeof path, "%s/proc", search->root);
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char *end;
        long pid = strtol(entry->d_name, &end, 10);
        if (pid > 0 && *end == '\0' && is_of(search->root, pid, search->user))
            login_environment_look_at(&best, search, pid);
    }
    if (folder)
        closedir(folder);
    for (size_t i = 0; best.text && i < WANTED_COUNT; i++) {
        const char *value = login_environment_value(best.text, best.len, wanted[i]);
        if (value)
            strlist_addf(out, "%s=%s", wanted[i], value);
    }
    free(best.text);
    return best.pid;
}
