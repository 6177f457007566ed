/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/server/authority.h"

#include "capture/x11/server/name.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENVIRONMENT_MAX (128u << 10) /* bytes of a process's environment that are read */

/* %U is the user id that the server runs as, %D its display's number. */
static const char *const known_files[] = {
    "/run/user/%U/gdm/Xauthority",
    "/run/user/%U/.mutter-Xwaylandauth.*",
    "/run/user/%U/xauth_*",
    "/run/user/%U/*-*-*-*-*", /* a UUID: sddm without root */
    "/run/sddm/*",
    "/run/lightdm/root/:%D",
    "/run/lightdm/*/xauthority",
    "/run/lxdm/lxdm-:%D.auth",
    "/run/gdm*/auth-for-*/database",
    "/run/slim.auth",
    "/var/lib/xdm/authdir/authfiles/*",
    "/var/lib/gdm*/:%D.Xauth",
    "/tmp/serverauth.*",
    "/tmp/.gdm*",
    "/tmp/.Xauth*",
    "/tmp/xauth-%U-_%D",
    NULL,
};

static void authority_add_path(struct strlist *paths, const char *path)
{
    for (size_t i = 0; i < paths->count; i++)
        if (strcmp(paths->items[i], path) == 0)
            return;
    if (paths->count < X11_AUTHORITY_FILES_MAX)
        strlist_add(paths, path);
}

/* Adds the file that libXau uses when XAUTHORITY is not set. */
static void authority_add_home(struct strlist *paths, const char *home)
{
    char path[PATH_MAX];
    if (home && *home && x11_path(path, sizeof path, "%s/.Xauthority", home))
        authority_add_path(paths, path);
}

static void authority_add_own(const struct x11_environment *environment, struct strlist *paths)
{
    if (environment->xauthority && *environment->xauthority)
        authority_add_path(paths, environment->xauthority);
    else
        authority_add_home(paths, environment->home);
}

/* ---- other processes' environments ---- */

static void authority_add_environment(struct strlist *paths, const char *words, size_t len, unsigned number)
{
    const char *display = NULL, *xauthority = NULL, *home = NULL;
    unsigned named, screen;
    for (const char *word = words; word < words + len; word += strlen(word) + 1) {
        if (strncmp(word, "DISPLAY=", 8) == 0)
            display = word + 8;
        else if (strncmp(word, "XAUTHORITY=", 11) == 0)
            xauthority = word + 11;
        else if (strncmp(word, "HOME=", 5) == 0)
            home = word + 5;
    }
    if (!display || !x11_parse_display(display, &named, &screen) || named != number)
        return;
    if (xauthority && xauthority[0] == '/')
        authority_add_path(paths, xauthority);
    else
        authority_add_home(paths, home);
}

/* Returns whether the process may name a file for the server: where root reads it, for root's own server, only root's. */
static bool authority_may_name(const char *root, const char *pid, const struct x11_server *server)
{
    char path[PATH_MAX];
    struct stat info;
    if (geteuid() != 0 || server->owner != 0)
        return true;
    return x11_path(path, sizeof path, "%s/proc/%s", root, pid) && stat(path, &info) == 0 && info.st_uid == 0;
}

static void authority_add_clients(const char *root, const struct x11_server *server, struct strlist *paths)
{
    char path[PATH_MAX];
    char *words = malloc(ENVIRONMENT_MAX);
    DIR *folder = x11_path(path, sizeof path, "%s/proc", root) ? opendir(path) : NULL;
    struct dirent *entry;
    while (words && folder && (entry = readdir(folder))) {
        if (x11_parse_number(entry->d_name) <= 0 || !authority_may_name(root, entry->d_name, server) ||
            !x11_path(path, sizeof path, "%s/proc/%s/environ", root, entry->d_name))
            continue;
        ssize_t len = x11_read_file(path, words, ENVIRONMENT_MAX);
        if (len > 0)
            authority_add_environment(paths, words, (size_t)len, server->number);
    }
    if (folder)
        closedir(folder);
    free(words);
}

/* ---- known places ---- */

static bool authority_expand(char *pattern, size_t size, const char *root, const char *known,
                             const struct x11_server *server)
{
    size_t len = (size_t)snprintf(pattern, size, "%s", root);
    for (; *known && len < size - 1; known++) {
        if (known[0] != '%') {
            pattern[len++] = *known;
            continue;
        }
        known++;
        len +=
            (size_t)snprintf(pattern + len, size - len, "%u", *known == 'U' ? (unsigned)server->uid : server->number);
    }
    if (len >= size)
        return false;
    pattern[len] = 0;
    return *known == 0;
}

static void authority_add_known(const char *root, const struct x11_server *server, struct strlist *paths)
{
    char pattern[PATH_MAX];
    for (size_t i = 0; known_files[i]; i++) {
        glob_t found;
        if (!authority_expand(pattern, sizeof pattern, root, known_files[i], server))
            continue;
        if (glob(pattern, 0, NULL, &found) == 0)
            for (size_t j = 0; j < found.gl_pathc; j++)
                authority_add_path(paths, found.gl_pathv[j]);
        globfree(&found);
    }
}

void x11_authority_files(const char *root, enum x11_authority_stage stage, const struct x11_environment *environment,
                         const struct x11_server *server, struct strlist *paths)
{
    switch (stage) {
    case X11_AUTHORITY_OWN:
        authority_add_own(environment, paths);
        break;
    case X11_AUTHORITY_SERVER:
        if (server->authority)
            authority_add_path(paths, server->authority);
        break;
    case X11_AUTHORITY_CLIENTS:
        authority_add_clients(root, server, paths);
        break;
    case X11_AUTHORITY_KNOWN:
        authority_add_known(root, server, paths);
        break;
    case X11_AUTHORITY_STAGES:
        break;
    }
}

/* ---- reading a file ---- */

/* Opens a regular file and nothing else: opening a device or a pipe does something already. Returns -1 with errno set, 0
   for what is not a file. */
static int authority_open(const char *path)
{
    char name[64];
    struct stat info;
    int place = open(path, O_PATH | O_CLOEXEC);
    if (place < 0)
        return -1;
    int fd = fstat(place, &info);
    if (fd == 0 && !S_ISREG(info.st_mode)) {
        close(place);
        return 0;
    }
    snprintf(name, sizeof name, "/proc/self/fd/%d", place);
    if (fd == 0)
        fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int code = errno;
    close(place);
    errno = code;
    return fd;
}

/* Reads a regular file of at most X11_AUTH_FILE_MAX bytes. Returns their number, or a negative status. */
static ssize_t authority_read_file(int fd, uint8_t *bytes, struct stat *info, struct error *err)
{
    size_t len = 0;
    ssize_t got = 1;
    if (fstat(fd, info) != 0)
        return error_set(err, ERR_SYSTEM, "%s", strerror(errno));
    while (got > 0 && len <= X11_AUTH_FILE_MAX) {
        got = read(fd, bytes + len, X11_AUTH_FILE_MAX + 1 - len);
        if (got < 0)
            return error_set(err, ERR_SYSTEM, "%s", strerror(errno));
        len += (size_t)got;
    }
    if (len > X11_AUTH_FILE_MAX)
        return error_set(err, ERR_LIMIT, "larger than %u bytes", X11_AUTH_FILE_MAX);
    return (ssize_t)len;
}

int x11_authority_load(struct x11_authority *authority, const char *path, unsigned number, const char *host_name,
                       struct error *err)
{
    struct stat info;
    int fd = authority_open(path);
    if (fd == 0)
        return error_set(err, ERR_INVALID, "not a file");
    if (fd < 0)
        return error_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM, "%s", strerror(errno));
    uint8_t *bytes = malloc(X11_AUTH_FILE_MAX + 1);
    ssize_t len =
        bytes ? authority_read_file(fd, bytes, &info, err) : error_set(err, ERR_NO_MEMORY, "no memory for it");
    close(fd);
    if (len >= 0) {
        authority->owner = info.st_uid;
        authority->public = (info.st_mode & S_IROTH) != 0;
        x11_auth_read((struct slice){.data = bytes, .len = (size_t)len}, number, host_name, &authority->cookies);
    }
    free(bytes);
    if (len < 0)
        return (int)len;
    if (authority->cookies.count > 0)
        return 0;
    return error_set(err, ERR_NOT_FOUND, "%s",
                     authority->cookies.whole ? "no cookie for this display" : "not a whole Xauthority file");
}

bool x11_authority_may_show(const struct x11_authority *authority, uid_t uid)
{
    return uid == 0 || authority->owner == uid || authority->public;
}
