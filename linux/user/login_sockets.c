/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/user/login_sockets.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_SIZE 512
#define LISTENING 0x10000     /* in the flags of /proc/net/unix: __SO_ACCEPTCON of the kernel */
#define SOCKETS_MAX 65536     /* lines that are looked at */
#define DISPLAY_NUMBER_MAX 99 /* of Wayland; libwayland tries no more than 32 */
#define X_FOLDER "/tmp/.X11-unix/"

struct listeners {
    const struct login_search *search;
    const char *runtime;   /* XDG_RUNTIME_DIR */
    unsigned wayland, x;   /* the lowest numbers, +1; 0: none */
    struct strlist others; /* of the compositor itself */
};

/* Returns whether there is a file of that type (0: any), and the user's or root's; a folder must be the user's alone. */
static bool is_own_file(const struct login_search *search, const char *path, mode_t type)
{
    char full[PATH_SIZE];
    struct stat info;
    int len = snprintf(full, sizeof full, "%s%s", search->root, path);
    if (len < 0 || (size_t)len >= sizeof full || lstat(full, &info) != 0 || (type && (info.st_mode & S_IFMT) != type))
        return false;
    if (S_ISDIR(info.st_mode))
        return info.st_uid == search->user && !(info.st_mode & 022);
    return info.st_uid == search->user || info.st_uid == 0;
}

/* Says which user's folders are looked at, as processes are: whoever owns them can make that wait. */
static bool may_look(const struct login_search *search)
{
    return search->may_read(search->context, LOGIN_PLACES(search->user));
}

void login_add_places(const struct login_search *search, struct strlist *out)
{
    char path[PATH_SIZE];
    if (!may_look(search))
        return;
    snprintf(path, sizeof path, "/run/user/%lu", (unsigned long)search->user);
    if (!strlist_get(out, "XDG_RUNTIME_DIR") && is_own_file(search, path, S_IFDIR))
        strlist_addf(out, "XDG_RUNTIME_DIR=%s", path);
    const char *runtime = strlist_get(out, "XDG_RUNTIME_DIR");
    if (!runtime || strlist_get(out, "DBUS_SESSION_BUS_ADDRESS"))
        return;
    snprintf(path, sizeof path, "%s/bus", runtime);
    if (is_own_file(search, path, 0))
        strlist_addf(out, "DBUS_SESSION_BUS_ADDRESS=unix:path=%s", path);
}

/* ---- sockets ---- */

/* Returns the number that the text consists of, +1, or 0. */
static unsigned socket_number(const char *text, unsigned max)
{
    char *end;
    unsigned long number = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : max + 1UL;
    return number <= max && *end == '\0' ? (unsigned)number + 1 : 0;
}

static void keep_lowest(unsigned *kept, unsigned number)
{
    if (number && (!*kept || number < *kept))
        *kept = number;
}

/* Keeps the socket of a compositor's own: "sway-ipc.1000.812.sock", below the runtime folder. */
static void keep_other(struct listeners *listeners, const char *path, const char *name)
{
    static const struct {
        const char *variable, *prefix, *suffix;
        bool inner; /* the value is what is between them */
    } kinds[] = {{"SWAYSOCK", "sway-ipc.", ".sock", false},
                 {"I3SOCK", "sway-ipc.", ".sock", false}, /* sway speaks i3's protocol */
                 {"I3SOCK", "i3/ipc-socket.", "", false},
                 {"NIRI_SOCKET", "niri.", ".sock", false},
                 {"HYPRLAND_INSTANCE_SIGNATURE", "hypr/", "/.socket.sock", true}};
    size_t len = strlen(name);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t before = strlen(kinds[i].prefix), after = strlen(kinds[i].suffix);
        if (len <= before + after || strncmp(name, kinds[i].prefix, before) != 0 ||
            strcmp(name + len - after, kinds[i].suffix) != 0 || strlist_get(&listeners->others, kinds[i].variable))
            continue;
        strlist_addf(&listeners->others, "%s=%.*s", kinds[i].variable,
                     kinds[i].inner ? (int)(len - before - after) : PATH_SIZE, kinds[i].inner ? name + before : path);
    }
}

/* Returns whether a compositor of the user's has the X display: its lock names a process of theirs that is no X server of
   its own, as a test's Xvfb is. */
static bool is_compositors(const struct login_search *search, unsigned number)
{
    char path[PATH_SIZE], text[32];
    snprintf(path, sizeof path, "/tmp/.X%u-lock", number);
    if (!is_own_file(search, path, S_IFREG) || !login_read_text(search->root, path, text, sizeof text))
        return false;
    long pid = strtol(text, NULL, 10);
    snprintf(path, sizeof path, "/proc/%ld/comm", pid);
    return pid > 0 && login_is_of(search->root, pid, search->user) &&
           login_read_text(search->root, path, text, sizeof text) && (*text != 'X' || strcmp(text, "Xwayland\n") == 0);
}

static void keep_listener(struct listeners *listeners, const char *path)
{
    size_t root_len = strlen(listeners->search->root), len = strlen(listeners->runtime);
    const char *name = NULL;
    if (strncmp(path, listeners->search->root, root_len) != 0)
        return;
    path += root_len;
    if (strncmp(path, listeners->runtime, len) == 0 && path[len] == '/')
        name = path + len + 1;
    bool is_x = strncmp(path, X_FOLDER, strlen(X_FOLDER)) == 0;
    if ((!name && !is_x) || !is_own_file(listeners->search, path, S_IFSOCK))
        return;
    if (is_x) {
        unsigned number = socket_number(path[strlen(X_FOLDER)] == 'X' ? path + strlen(X_FOLDER) + 1 : "", UINT16_MAX);
        keep_lowest(&listeners->x, number && is_compositors(listeners->search, number - 1) ? number : 0);
    } else if (strncmp(name, "wayland-", 8) == 0) {
        keep_lowest(&listeners->wayland, socket_number(name + 8, DISPLAY_NUMBER_MAX));
    } else {
        keep_other(listeners, path, name);
    }
}

/* Reads "Num: RefCount Protocol Flags Type St Inode Path": who only has a file there, but listens no more, is not in it. */
static void read_listeners(struct listeners *listeners)
{
    char path[PATH_SIZE], line[PATH_SIZE];
    unsigned flags;
    int at;
    snprintf(path, sizeof path, "%s/proc/net/unix", listeners->search->root);
    FILE *file = fopen(path, "re");
    for (size_t i = 0; file && i < SOCKETS_MAX && fgets(line, sizeof line, file); i++) {
        at = 0;
        if (sscanf(line, "%*[^:]: %*x %*x %x %*x %*x %*u %n", &flags, &at) != 1 || !at || !(flags & LISTENING))
            continue;
        line[strcspn(line, "\n")] = '\0';
        keep_listener(listeners, line + at);
    }
    if (file)
        fclose(file);
}

/* Adds a variable, "NAME=value", unless there is one of that name. */
static void add_lacking(struct strlist *out, const char *variable)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(variable, "="), variable);
    if (!strlist_get(out, name))
        strlist_add(out, variable);
}

/* Adds what belongs to the compositor that listens, but nothing to the display of another one. */
static bool add_listeners(const struct listeners *listeners, struct strlist *out)
{
    char text[64];
    const char *told = strlist_get(out, "WAYLAND_DISPLAY");
    snprintf(text, sizeof text, "WAYLAND_DISPLAY=wayland-%u", listeners->wayland - 1);
    if (!listeners->wayland || (told && strcmp(told, strchr(text, '=') + 1) != 0))
        return false;
    add_lacking(out, text);
    snprintf(text, sizeof text, "DISPLAY=:%u", listeners->x - 1);
    if (listeners->x)
        add_lacking(out, text);
    for (size_t i = 0; i < listeners->others.count; i++)
        add_lacking(out, listeners->others.items[i]);
    return true;
}

bool login_add_sockets(const struct login_search *search, struct strlist *out)
{
    struct listeners listeners = {.search = search, .runtime = strlist_get(out, "XDG_RUNTIME_DIR")};
    if (!listeners.runtime || !is_own_file(search, listeners.runtime, S_IFDIR) || !may_look(search))
        return false;
    char runtime[PATH_SIZE]; /* the list is added to */
    snprintf(runtime, sizeof runtime, "%s", listeners.runtime);
    listeners.runtime = runtime;
    read_listeners(&listeners);
    bool found = add_listeners(&listeners, out);
    strlist_deinit(&listeners.others);
    return found;
}
