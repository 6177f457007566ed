/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* No process needs to know all: in GNOME those that carry the session's id started before the compositor, and those that
   `systemd --user` starts know the display, but no id. So each variable is looked for by itself. */
#include "linux/user/login.h"
#include "linux/user/login_sockets.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENVIRONMENT_MAX (128 * 1024) /* bytes; a larger one is not looked at */
#define GROUP_SIZE 4096              /* bytes of /proc/PID/cgroup that are looked at */
#define PATH_SIZE 512

/* What makes a program part of a session. The first are of one display, and belong together. */
static const char *const wanted[] = {
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "SWAYSOCK",
    "I3SOCK",
    "NIRI_SOCKET",
    "HYPRLAND_INSTANCE_SIGNATURE",
    "XDG_SESSION_ID",
    "XDG_SEAT",
    "XDG_VTNR",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_SEAT_PATH", /* lightdm's, by which dm-tool locks the screen */
    "XDG_SESSION_PATH",
    "XDG_SESSION_TYPE",
    "XDG_SESSION_CLASS",
    "XDG_SESSION_DESKTOP",
    "XDG_CURRENT_DESKTOP",
    "XDG_MENU_PREFIX",
    "XDG_DATA_DIRS",
    "XDG_CONFIG_DIRS",
    "DESKTOP_SESSION",
    "GDMSESSION",
    "KDE_FULL_SESSION",
    "KDE_SESSION_VERSION",
    "SESSION_MANAGER",
    "LANG",
};
#define WANTED_COUNT (sizeof wanted / sizeof wanted[0])
enum { DISPLAY, WAYLAND_DISPLAY, XAUTHORITY, SESSION_ID = 7, OF_A_DISPLAY = 10, RUNTIME_DIR = OF_A_DISPLAY };

struct environ {
    char *text; /* owned; NUL after each variable, and one more */
    size_t len;
    long pid;
};

/* Whose it is, the better the higher. */
enum belonging {
    BELONGS_ELSEWHERE, /* to another session */
    BELONGS_ONCE, /* to an earlier session, whose id the user's manager was told; or to some, where none is asked for */
    BELONGS_PERHAPS, /* to the user, with no session's id */
    BELONGS,         /* to the session */
    BELONGING_COUNT
};
#define HAS_SOCKET BELONGING_COUNT /* added to it: the display's socket is there */

struct choice {
    char *value;   /* owned */
    unsigned rank; /* of the one that it is from; 0: there is none */
};

struct gathering {
    const struct login_search *search;
    char own_group[GROUP_SIZE]; /* that of the agent's service; "" when it is none */
    struct choice displays[HAS_SOCKET + BELONGING_COUNT][OF_A_DISPLAY];
    struct choice others[WANTED_COUNT];
    struct choice authority; /* of a process without a display */
    long pids[HAS_SOCKET + BELONGING_COUNT], pid;
};

/* ---- one process ---- */

/* Reads the whole file, with a NUL more; returns false when it can't be read or is too large. */
static bool read_environment(const char *root, long pid, struct environ *out)
{
    char path[PATH_SIZE];
    ssize_t got;
    snprintf(path, sizeof path, "%s/proc/%ld/environ", root, pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *out = (struct environ){.pid = pid};
    if (fd < 0)
        return false;
    out->text = malloc(ENVIRONMENT_MAX + 1);
    while (out->text && out->len < ENVIRONMENT_MAX &&
           (got = read(fd, out->text + out->len, ENVIRONMENT_MAX - out->len)) > 0)
        out->len += (size_t)got;
    close(fd);
    if (out->text && out->len < ENVIRONMENT_MAX) {
        out->text[out->len] = '\0';
        return true;
    }
    free(out->text);
    return false;
}

static const char *login_environment_value(const struct environ *of, const char *name)
{
    size_t name_len = strlen(name);
    for (const char *at = of->text; at < of->text + of->len; at += strlen(at) + 1)
        if (strncmp(at, name, name_len) == 0 && at[name_len] == '=' && at[name_len + 1])
            return at + name_len + 1;
    return NULL;
}

/* Reads the control groups of a process: "0::/user.slice/user-1000.slice/session-3.scope". "" when they can't be. */
static void login_read_group(const char *root, const char *process, char group[GROUP_SIZE])
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/proc/%s/cgroup", root, process);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, group, GROUP_SIZE - 1) : -1;
    group[len > 0 ? len : 0] = '\0';
    if (fd >= 0)
        close(fd);
}

/* Tells by the control group, where logind has put it into one, and else by the id in its environment. */
static enum belonging belonging_of(const struct login *session, const struct environ *of, const char *group)
{
    const char *scope = strstr(group, "/session-"), *id = login_environment_value(of, wanted[SESSION_ID]);
    if (!session || !*session->id)
        return id ? BELONGS_ONCE : BELONGS_PERHAPS;
    size_t len = strlen(session->id);
    if (scope)
        return strncmp(scope + 9, session->id, len) == 0 && strncmp(scope + 9 + len, ".scope", 6) == 0
                   ? BELONGS
                   : BELONGS_ELSEWHERE;
    if (!id)
        return BELONGS_PERHAPS;
    if (strcmp(id, session->id) == 0)
        return BELONGS;
    return strstr(group, "/user@") ? BELONGS_ONCE : BELONGS_ELSEWHERE;
}

/* Returns whether there is a file of that name. Its owner can make the call wait: only for what may_read() allowed. */
static bool login_has_file(const char *root, const char *folder, const char *name)
{
    char path[PATH_SIZE];
    struct stat info;
    int len = snprintf(path, sizeof path, "%s%s/%s", root, folder, name);
    return len > 0 && (size_t)len < sizeof path && lstat(path, &info) == 0;
}

static bool login_has_display(const struct login_search *search, const char *display)
{
    char name[16];
    unsigned number;
    if (!display || sscanf(display, ":%5u", &number) != 1)
        return false;
    snprintf(name, sizeof name, "X%u", number);
    return login_has_file(search->root, "/tmp/.X11-unix", name);
}

static bool login_has_compositor(const struct login_search *search, const struct environ *of, const char *display)
{
    char places[64];
    const char *folder = login_environment_value(of, wanted[RUNTIME_DIR]);
    snprintf(places, sizeof places, "/run/user/%lu", (unsigned long)search->user);
    return display && login_has_file(search->root, *display == '/' ? "" : folder ? folder : places, display);
}

/* ---- the best of each ---- */

/* Returns whether it is better than what there was. */
static bool choice_take(struct choice *choice, const char *value, unsigned rank)
{
    char *copy = value && rank > choice->rank ? strdup(value) : NULL;
    if (!copy)
        return false;
    free(choice->value);
    *choice = (struct choice){copy, rank};
    return true;
}

static void choice_forget(struct choice *choice)
{
    free(choice->value);
    *choice = (struct choice){NULL, 0};
}

static bool choice_is(const struct choice *choice, const char *value)
{
    return choice->value && value && strcmp(choice->value, value) == 0;
}

/* Takes what belongs to a display, from a process that names one. An XAUTHORITY is for that DISPLAY only. */
static void gather_display(struct gathering *gathering, const struct environ *of, enum belonging belonging,
                           unsigned rank)
{
    const struct login_search *search = gathering->search;
    const char *display = login_environment_value(of, wanted[DISPLAY]);
    const char *wayland = login_environment_value(of, wanted[WAYLAND_DISPLAY]);
    bool has_display = login_has_display(search, display), has_wayland = login_has_compositor(search, of, wayland);
    unsigned kind = (unsigned)belonging + (has_display || has_wayland ? HAS_SOCKET : 0);
    struct choice *choices = gathering->displays[kind];
    if (rank > choices[DISPLAY].rank && display && !choice_is(&choices[DISPLAY], display))
        choice_forget(&choices[XAUTHORITY]);
    if (choice_take(&choices[DISPLAY], display, rank) || !choices[DISPLAY].value)
        gathering->pids[kind] = of->pid;
    if (!has_display || has_wayland)
        choice_take(&choices[WAYLAND_DISPLAY], wayland, rank);
    for (size_t i = XAUTHORITY; i < OF_A_DISPLAY; i++)
        if (i != XAUTHORITY || !display || choice_is(&choices[DISPLAY], display))
            choice_take(&choices[i], login_environment_value(of, wanted[i]), rank);
}

static void login_environment_gather(struct gathering *gathering, const struct environ *of, const char *group)
{
    enum belonging belonging = belonging_of(gathering->search->session, of, group);
    unsigned count = 0;
    if (belonging == BELONGS_ELSEWHERE)
        return;
    for (size_t i = 0; i < WANTED_COUNT; i++)
        count += login_environment_value(of, wanted[i]) != NULL;
    unsigned rank = (unsigned)belonging << 8 | count;
    if (login_environment_value(of, wanted[DISPLAY]) || login_environment_value(of, wanted[WAYLAND_DISPLAY]))
        gather_display(gathering, of, belonging, rank);
    else
        choice_take(&gathering->authority, login_environment_value(of, wanted[XAUTHORITY]), rank);
    for (size_t i = OF_A_DISPLAY; i < WANTED_COUNT; i++)
        choice_take(&gathering->others[i], login_environment_value(of, wanted[i]), rank);
}

/* Passes over the agent's own programs: a test's Xvfb is not the session's display. */
static void login_environment_look_at(struct gathering *gathering, const char *process, long pid)
{
    const struct login_search *search = gathering->search;
    char group[GROUP_SIZE];
    struct environ of;
    login_read_group(search->root, process, group);
    if (*gathering->own_group && strcmp(group, gathering->own_group) == 0)
        return;
    if (!search->may_read(search->context, pid) || !read_environment(search->root, pid, &of))
        return;
    login_environment_gather(gathering, &of, group);
    free(of.text);
}

/* ---- all of them ---- */

static void login_environment_look(struct gathering *gathering)
{
    char path[PATH_SIZE];
    const struct login_search *search = gathering->search;
    login_read_group(search->root, "self", gathering->own_group);
    if (!strstr(gathering->own_group, "/system.slice/"))
        *gathering->own_group = '\0';
    snprintf(path, sizeof path, "%s/proc", search->root);
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char *end;
        long pid = strtol(entry->d_name, &end, 10);
        if (pid > 0 && *end == '\0' && login_is_of(search->root, pid, search->user))
            login_environment_look_at(gathering, entry->d_name, pid);
    }
    if (folder)
        closedir(folder);
}

/* Completes the best display by the processes that name the same one, in either way. Returns its kind, or 0. */
static unsigned join_displays(struct gathering *gathering)
{
    unsigned best = HAS_SOCKET + BELONGING_COUNT - 1;
    struct choice(*displays)[OF_A_DISPLAY] = gathering->displays;
    while (best > 0 && !displays[best][DISPLAY].value && !displays[best][WAYLAND_DISPLAY].value)
        best--;
    for (unsigned kind = best; kind-- > 0;)
        if (choice_is(&displays[best][DISPLAY], displays[kind][DISPLAY].value) ||
            choice_is(&displays[best][WAYLAND_DISPLAY], displays[kind][WAYLAND_DISPLAY].value))
            for (size_t i = 0; i < OF_A_DISPLAY; i++)
                if (!displays[best][i].value)
                    choice_take(&displays[best][i], displays[kind][i].value, displays[kind][i].rank);
    if (!displays[best][XAUTHORITY].value)
        choice_take(&displays[best][XAUTHORITY], gathering->authority.value, 1);
    gathering->pid = gathering->pids[best];
    return best;
}

static void add_choices(struct strlist *out, const struct choice *choices, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        if (choices[i].value && !strlist_get(out, wanted[i]))
            strlist_addf(out, "%s=%s", wanted[i], choices[i].value);
}

/* Adds what logind has told, which holds whatever a process says. */
static void add_session(struct strlist *out, const struct login *session)
{
    if (!session || !*session->id)
        return;
    strlist_addf(out, "XDG_SESSION_ID=%s", session->id);
    if (*session->seat)
        strlist_addf(out, "XDG_SEAT=%s", session->seat);
    if (strncmp(session->terminal, "tty", 3) == 0)
        strlist_addf(out, "XDG_VTNR=%s", session->terminal + 3);
}

/* Adds what processes have told of a display. None needs to know the one for programs of X: sway's wallpaper starts before
   sway has one. */
static void add_displays(struct strlist *out, const struct login_search *search, const struct choice *choices)
{
    add_choices(out, choices, 0, OF_A_DISPLAY);
    if (choices[WAYLAND_DISPLAY].value && !choices[DISPLAY].value)
        login_add_sockets(search, out);
}

static void gathering_deinit(struct gathering *gathering)
{
    for (size_t kind = 0; kind < HAS_SOCKET + BELONGING_COUNT; kind++)
        for (size_t i = 0; i < OF_A_DISPLAY; i++)
            free(gathering->displays[kind][i].value);
    for (size_t i = 0; i < WANTED_COUNT; i++)
        free(gathering->others[i].value);
    free(gathering->authority.value);
    free(gathering);
}

long login_environment(const struct login_search *search, struct strlist *out)
{
    struct gathering *gathering = calloc(1, sizeof *gathering);
    if (!gathering)
        return 0;
    gathering->search = search;
    login_environment_look(gathering);
    unsigned kind = join_displays(gathering);
    long pid = gathering->pid;
    add_session(out, search->session);
    add_choices(out, gathering->others, OF_A_DISPLAY, WANTED_COUNT);
    login_add_places(search, out);
    if (kind <= HAS_SOCKET && login_add_sockets(search, out))
        pid = 0; /* no process has told */
    else
        add_displays(out, search, gathering->displays[kind]);
    gathering_deinit(gathering);
    return pid;
}
