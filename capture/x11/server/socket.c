/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/server/socket.h"

#include "capture/x11/server/name.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOCKET_PATH_SIZE 128  /* that of an address is shorter */
#define LOCK_FILES_MAX 8      /* that a process has open */
#define COMMAND_LINE_MAX 4096 /* bytes of it that are looked at */

/* ---- listening sockets ---- */

static FILE *sockets_open(const char *root, pid_t pid)
{
    char path[PATH_MAX], process[24] = "";
    if (pid)
        snprintf(process, sizeof process, "/%d", (int)pid);
    return x11_path(path, sizeof path, "%s/proc%s/net/unix", root, process) ? fopen(path, "re") : NULL;
}

/* Reads the next listening socket of /proc/net/unix: "Num: RefCount Protocol Flags Type St Inode Path". Flag 0x10000 is one
   that listens. */
static bool sockets_next(FILE *file, unsigned long *inode, char path[SOCKET_PATH_SIZE])
{
    char line[256];
    unsigned flags;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "%*[^:]: %*x %*x %x %*x %*x %lu %127s", &flags, inode, path) == 3 && flags & 0x10000)
            return true;
    return false;
}

/* Returns N of a path that ends in "/.X11-unix/XN", else -1. */
static long x11_socket_number(const char *path)
{
    const char *last = strstr(path, "/.X11-unix/X");
    long number = last ? x11_parse_number(last + strlen("/.X11-unix/X")) : -1;
    return number <= X11_DISPLAY_MAX ? number : -1;
}

void x11_sockets_read(struct x11_sockets *sockets, const char *root, pid_t pid)
{
    char path[SOCKET_PATH_SIZE];
    unsigned long inode;
    FILE *file = sockets_open(root, pid);
    while (file && sockets->count < X11_SOCKETS_MAX && sockets_next(file, &inode, path)) {
        long number = x11_socket_number(path);
        if (number >= 0)
            sockets->items[sockets->count++] = (struct x11_socket){.inode = inode, .number = (unsigned)number};
    }
    if (file)
        fclose(file);
}

bool x11_sockets_have(const struct x11_sockets *sockets, unsigned number)
{
    for (size_t i = 0; i < sockets->count; i++)
        if (sockets->items[i].number == number)
            return true;
    return false;
}

struct socket_search {
    const struct x11_sockets *sockets;
    unsigned wanted, *number;
    bool found;
};

static bool sockets_look(const char *link, void *context)
{
    struct socket_search *search = context;
    unsigned long inode;
    if (sscanf(link, "socket:[%lu]", &inode) != 1)
        return false;
    for (size_t i = 0; i < search->sockets->count; i++)
        if (search->sockets->items[i].inode == inode) {
            *search->number = search->sockets->items[i].number;
            search->found = true;
        }
    return search->found && *search->number == search->wanted;
}

bool x11_sockets_number(const struct x11_sockets *sockets, const char *root, pid_t pid, unsigned *number)
{
    struct socket_search search = {.sockets = sockets, .wanted = *number, .number = number};
    if (sockets->count)
        x11_each_file(root, pid, sockets_look, &search);
    return search.found;
}

bool x11_may_listen(const struct x11_sockets *sockets, const char *root, pid_t pid, unsigned number)
{
    struct x11_sockets all = *sockets;
    unsigned has = number;
    struct socket_search search = {.sockets = &all, .wanted = number, .number = &has};
    x11_sockets_read(&all, root, pid);
    return all.count == 0 || !x11_each_file(root, pid, sockets_look, &search) || (search.found && has == number);
}

bool x11_socket_is_missing(const char *root, unsigned number)
{
    char path[PATH_MAX];
    return x11_path(path, sizeof path, "%s/tmp/.X11-unix/X%u", root, number) && access(path, F_OK) != 0 &&
           errno == ENOENT;
}

/* ---- locks ---- */

pid_t x11_lock_owner(const char *root, unsigned number)
{
    char path[PATH_MAX], text[32];
    if (!x11_path(path, sizeof path, "%s/tmp/.X%u-lock", root, number) || x11_read_file(path, text, sizeof text) <= 0)
        return 0;
    return (pid_t)atoi(text);
}

bool x11_lock_is_of(const char *root, unsigned number, pid_t pid)
{
    char path[PATH_MAX];
    struct stat lock, process;
    return x11_path(path, sizeof path, "%s/tmp/.X%u-lock", root, number) && lstat(path, &lock) == 0 &&
           x11_path(path, sizeof path, "%s/proc/%d", root, (int)pid) && stat(path, &process) == 0 &&
           S_ISREG(lock.st_mode) && lock.st_uid == process.st_uid;
}

/* ---- compositors ---- */

struct lock_files {
    char paths[LOCK_FILES_MAX][SOCKET_PATH_SIZE]; /* without their ending */
    size_t count;
};

static bool locks_look(const char *link, void *context)
{
    struct lock_files *files = context;
    size_t len = strlen(link), ending = strlen(".lock");
    if (len > ending && len - ending < SOCKET_PATH_SIZE && strcmp(link + len - ending, ".lock") == 0)
        snprintf(files->paths[files->count++], SOCKET_PATH_SIZE, "%.*s", (int)(len - ending), link);
    return files->count == LOCK_FILES_MAX;
}

/* Returns whether one of the files is the lock of a listening socket, as libwayland keeps one open for each of its own. */
static bool locks_have_socket(const struct lock_files *files, const char *root, pid_t pid)
{
    char path[SOCKET_PATH_SIZE];
    unsigned long inode;
    bool found = false;
    FILE *file = sockets_open(root, pid);
    if (!file)
        file = sockets_open(root, 0);
    while (file && !found && sockets_next(file, &inode, path))
        for (size_t i = 0; i < files->count; i++)
            found |= strcmp(path, files->paths[i]) == 0;
    if (file)
        fclose(file);
    return found;
}

/* Returns whether the command line has the display as X servers get it: what is left where a process's files can't be
   read. */
static bool x11_is_started_for(const char *root, pid_t pid, unsigned number)
{
    char path[PATH_MAX], words[COMMAND_LINE_MAX], want[16];
    const char *before = "";
    x11_path(path, sizeof path, "%s/proc/%d/cmdline", root, (int)pid);
    ssize_t len = x11_read_process_file(path, words, sizeof words);
    snprintf(want, sizeof want, ":%u", number);
    for (const char *word = words; len > 0 && word < words + len; word += strlen(word) + 1) {
        if (strcmp(word, "-displayfd") == 0 ||
            (strcmp(word, want) == 0 && strncmp(before, "--", 2) != 0 && !x11_takes_display(before)))
            return true;
        before = word;
    }
    return false;
}

bool x11_waits_for_client(const char *root, const struct x11_sockets *sockets, unsigned number, pid_t *owner,
                          char name[X11_PROCESS_NAME_SIZE])
{
    char state;
    struct lock_files files = {.count = 0};
    *owner = x11_lock_owner(root, number);
    if (*owner <= 0 || !x11_process_stat(root, *owner, name, &state) || x11_is_server_name(name))
        return false;
    if (!x11_each_file(root, *owner, locks_look, &files))
        return !x11_is_started_for(root, *owner, number);
    return x11_may_listen(sockets, root, *owner, number) && locks_have_socket(&files, root, *owner);
}
