/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/server/find.h"

#include "capture/x11/card.h"
#include "capture/x11/logind.h"
#include "capture/x11/server/name.h"
#include "capture/x11/server/socket.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define COMMAND_LINE_MAX 8192 /* bytes of it that are looked at */
#define TTY_MAJOR 4           /* of the virtual terminals */

struct search {
    const char *root;
    struct x11_servers *servers;
    struct strlist *refused;
    bool number_known[X11_SERVERS_MAX]; /* beside servers->items */
    struct x11_sockets sockets;
};

void x11_server_label(const struct x11_server *server, char *text, size_t size)
{
    if (server->pid)
        snprintf(text, size, ":%u (%s, process %d)", server->number, server->name, (int)server->pid);
    else
        snprintf(text, size, ":%u", server->number);
}

/* ---- processes ---- */

/* Returns the path of the option -auth, to be freed. A relative one is relative to the server's working directory. */
static char *x11_resolve_auth_option(pid_t pid, const char *path)
{
    char *copy = NULL;
    if (path[0] == '/')
        copy = strdup(path);
    else if (asprintf(&copy, "/proc/%d/cwd/%s", (int)pid, path) < 0)
        copy = NULL;
    return copy;
}

/* Reads one argument; `before` is the one before it, or "". */
static void x11_read_argument(struct x11_server *server, bool *number_known, const char *before, const char *word)
{
    long number = word[0] == ':' ? x11_parse_number(word + 1) : -1;
    if (strcmp(before, "-auth") == 0 && !server->authority) {
        server->authority = x11_resolve_auth_option(server->pid, word);
    } else if (number >= 0 && number <= X11_DISPLAY_MAX && !x11_takes_display(before)) {
        server->number = (unsigned)number;
        *number_known = true;
    } else if (strncmp(word, "vt", 2) == 0 && x11_parse_number(word + 2) > 0) {
        server->vt = (unsigned)x11_parse_number(word + 2);
    } else if (strcmp(word, "-rootless") == 0) {
        server->rootless = true;
    }
}

/* Reads the arguments of /proc/PID/cmdline, which are separated by NULs. */
static void x11_read_arguments(struct x11_server *server, bool *number_known, const char *words, size_t len)
{
    const char *before = "";
    bool displayfd = false;
    for (const char *word = words; word < words + len; word += strlen(word) + 1) {
        x11_read_argument(server, number_known, before, word);
        displayfd |= strcmp(word, "-displayfd") == 0;
        before = word;
    }
    if (!*number_known && !displayfd && server->name[0] == 'X' &&
        (server->name[1] == 0 || strncmp(server->name, "Xorg", 4) == 0))
        *number_known = true; /* the default of Xorg is :0 */
}

/* Reads "KEY: REAL EFFECTIVE ..." of /proc/PID/status, proc(5). */
static bool x11_read_ids(const char *status, const char *key, unsigned *real, unsigned *effective)
{
    const char *line = strstr(status, key);
    return line && sscanf(line + strlen(key), "%u %u", real, effective) == 2;
}

/* Finds whose server it is. One that is set-user-ID root belongs to who started it and chose its arguments. */
static void x11_find_owner(const char *root, struct x11_server *server)
{
    char path[PATH_MAX], status[4096];
    unsigned real, effective, real_group, effective_group;
    x11_path(path, sizeof path, "%s/proc/%d/status", root, (int)server->pid);
    if (x11_read_file(path, status, sizeof status) <= 0 || !x11_read_ids(status, "\nUid:", &real, &effective) ||
        !x11_read_ids(status, "\nGid:", &real_group, &effective_group))
        return;
    bool is_real = effective == 0;
    server->uid = (uid_t)effective;
    server->owner = (uid_t)(is_real ? real : effective);
    server->group = (gid_t)(is_real ? real_group : effective_group);
}

bool x11_server_read(struct x11_server *server, bool *number_known, const char *root, pid_t pid,
                     struct strlist *refused)
{
    char name[X11_PROCESS_NAME_SIZE], state, path[PATH_MAX], words[COMMAND_LINE_MAX];
    struct stat owner;
    if (!x11_process_stat(root, pid, name, &state) || state == 'Z')
        return false;
    x11_path(path, sizeof path, "%s/proc/%d", root, (int)pid);
    if (stat(path, &owner) != 0)
        return false;
    x11_path(path, sizeof path, "%s/proc/%d/cmdline", root, (int)pid);
    ssize_t len = x11_read_process_file(path, words, sizeof words);
    if (len < 0 && errno == ETIMEDOUT)
        strlist_addf(refused, "process %d (%s): its command line can't be read, it does not let anybody", (int)pid,
                     name);
    if (len <= 0)
        return false;
    *server = (struct x11_server){.pid = pid, .uid = owner.st_uid, .owner = owner.st_uid, .group = owner.st_gid};
    strcpy(server->name, name);
    x11_find_owner(root, server);
    *number_known = false;
    x11_read_arguments(server, number_known, words, (size_t)len);
    return true;
}

/* Adds a process as a server. Returns NULL where it has ended, or does not let itself be read. */
static struct x11_server *x11_add_process(struct search *search, pid_t pid)
{
    size_t index = search->servers->count;
    if (index == X11_SERVERS_MAX) {
        strlist_addf(search->refused, "process %d: there are more than %d X servers", (int)pid, X11_SERVERS_MAX);
        return NULL;
    }
    struct x11_server *server = &search->servers->items[index];
    if (!x11_server_read(server, &search->number_known[index], search->root, pid, search->refused))
        return NULL;
    search->servers->count++;
    return server;
}

static void x11_add_named(struct search *search, pid_t pid)
{
    char name[X11_PROCESS_NAME_SIZE];
    if (x11_process_name(search->root, pid, name) && x11_is_server_name(name))
        x11_add_process(search, pid);
}

static void x11_add_processes(struct search *search)
{
    char path[PATH_MAX];
    DIR *folder = x11_path(path, sizeof path, "%s/proc", search->root) ? opendir(path) : NULL;
    if (!folder) {
        strlist_addf(search->refused, "%s: can't be read, so no running server is seen", path);
        return;
    }
    struct dirent *entry;
    while (errno = 0, (entry = readdir(folder)))
        if (x11_parse_number(entry->d_name) > 0)
            x11_add_named(search, (pid_t)x11_parse_number(entry->d_name));
    if (errno)
        strlist_addf(search->refused, "%s: can't be read to its end, so not every running server is seen", path);
    closedir(folder);
}

/* ---- display numbers ---- */

static bool x11_number_by_lock(const struct search *search, struct x11_server *server)
{
    for (size_t i = 0; i < search->sockets.count; i++) {
        unsigned number = search->sockets.items[i].number;
        if (x11_lock_owner(search->root, number) == server->pid) {
            server->number = number;
            return true;
        }
    }
    return false;
}

/* Finds the number of a server in a network namespace of its own, whose sockets are not listed in ours. */
static bool x11_number_elsewhere(struct search *search, struct x11_server *server)
{
    size_t count = search->sockets.count;
    x11_sockets_read(&search->sockets, search->root, server->pid);
    bool known = x11_sockets_number(&search->sockets, search->root, server->pid, &server->number) ||
                 x11_number_by_lock(search, server);
    search->sockets.count = count;
    return known;
}

static void x11_remove_server(struct search *search, size_t index)
{
    struct x11_servers *servers = search->servers;
    free(servers->items[index].authority);
    size_t after = --servers->count - index;
    memmove(&servers->items[index], &servers->items[index + 1], after * sizeof servers->items[0]);
    memmove(&search->number_known[index], &search->number_known[index + 1], after * sizeof search->number_known[0]);
}

/* Finds the display numbers. The sockets that a server has open are its displays' whatever its command line says, which
   may name another server's display, too. Numbers that can't be found are left to x11_choose_display(). */
static void x11_complete_numbers(struct search *search)
{
    for (size_t i = 0; i < search->servers->count; i++) {
        struct x11_server *server = &search->servers->items[i];
        search->number_known[i] = x11_sockets_number(&search->sockets, search->root, server->pid, &server->number) ||
                                  search->number_known[i] || x11_number_by_lock(search, server) ||
                                  x11_number_elsewhere(search, server);
    }
}

static void x11_remove_unnumbered(struct search *search)
{
    for (size_t i = search->servers->count; i-- > 0;) {
        struct x11_server *server = &search->servers->items[i];
        if (search->number_known[i])
            continue;
        strlist_addf(search->refused, "%s (process %d): which display it has can't be told", server->name,
                     (int)server->pid);
        x11_remove_server(search, i);
    }
}

/* ---- the display of DISPLAY ---- */

static void x11_refuse_socket(struct search *search, unsigned number)
{
    char name[X11_PROCESS_NAME_SIZE];
    pid_t owner;
    if (x11_waits_for_client(search->root, &search->sockets, number, &owner, name))
        strlist_addf(search->refused, ":%u: no X server runs; %s (process %d) would start one for us", number, name,
                     (int)owner);
    else
        strlist_addf(search->refused, ":%u: there is a socket, but no X server is seen behind it", number);
}

/* Adds the process that has the display's lock, whatever it is called. */
static bool x11_add_lock_owner(struct search *search, unsigned number)
{
    pid_t owner = x11_lock_owner(search->root, number);
    bool may_be = owner > 0 && x11_lock_is_of(search->root, number, owner) &&
                  x11_may_listen(&search->sockets, search->root, owner, number);
    struct x11_server *server = may_be ? x11_add_process(search, owner) : NULL;
    if (!server)
        return false;
    server->number = number;
    search->number_known[search->servers->count - 1] = true;
    return true;
}

/* Adds the server of a display whose process is not found: it may run in another container, whose socket was passed in on
   purpose. */
static void x11_add_unseen(struct search *search, unsigned number)
{
    struct x11_server server = {.number = number, .uid = (uid_t)-1, .owner = (uid_t)-1, .group = (gid_t)-1};
    if (search->servers->count == X11_SERVERS_MAX)
        return;
    search->number_known[search->servers->count] = true;
    search->servers->items[search->servers->count++] = server;
}

/* Adds the server of DISPLAY where no process by the name of one has it, but for a compositor that waits for a first client:
   connecting would start a server. */
static void x11_add_unlisted(struct search *search, unsigned number)
{
    char name[X11_PROCESS_NAME_SIZE];
    pid_t owner;
    bool is_listed = x11_sockets_have(&search->sockets, number);
    search->servers->waiting = x11_waits_for_client(search->root, &search->sockets, number, &owner, name);
    if (search->servers->waiting && !is_listed) /* else x11_refuse_orphans() reports it */
        x11_refuse_socket(search, number);
    if (search->servers->waiting)
        return;
    if (!is_listed && x11_socket_is_missing(search->root, number))
        strlist_addf(search->refused, ":%u: %s", number, strerror(ENOENT));
    else if (!x11_add_lock_owner(search, number))
        x11_add_unseen(search, number);
}

static size_t x11_mark_chosen(struct search *search, unsigned number, unsigned screen, bool number_known)
{
    size_t count = 0;
    for (size_t i = 0; i < search->servers->count; i++) {
        struct x11_server *server = &search->servers->items[i];
        if (search->number_known[i] != number_known || (number_known && server->number != number))
            continue;
        server->number = number;
        server->screen = screen;
        server->chosen = search->number_known[i] = true;
        count++;
    }
    return count;
}

/* Marks the server of DISPLAY. Where no server has that number it may be one of another user, whose number can't be
   found: the connection's peer then tells whether it is. */
static void x11_choose_display(struct search *search, const char *display)
{
    unsigned number, screen;
    if (!x11_parse_display(display, &number, &screen)) {
        strlist_addf(search->refused, "DISPLAY=%.256s: not a display of this machine", display);
    } else if (!x11_mark_chosen(search, number, screen, true) && !x11_mark_chosen(search, number, screen, false)) {
        x11_add_unlisted(search, number);
        x11_mark_chosen(search, number, screen, true);
    }
}

/* Returns whether no monitor can show the server, as far as is known: it has neither a virtual terminal nor a card. */
static bool x11_is_in_memory(const struct search *search, const struct x11_server *server)
{
    return !server->rootless && !server->shown && !server->vt &&
           (!server->pid || !x11_card_mask(search->root, server->pid));
}

/* Where DISPLAY names a server, another one that no monitor shows is nothing that a person or a program of the agent's
   sees: a picture of it would be of somebody else's screen. */
static void x11_remove_others(struct search *search)
{
    bool named = search->servers->waiting;
    for (size_t i = 0; i < search->servers->count; i++)
        named |= search->servers->items[i].chosen;
    for (size_t i = search->servers->count; named && i-- > 0;)
        if (!search->servers->items[i].chosen && x11_is_in_memory(search, &search->servers->items[i]))
            x11_remove_server(search, i);
}

/* ---- order ---- */

/* Returns whether a file of the process is that virtual terminal: 1, 0, or -1 when its files can't be read. */
static int x11_has_terminal(const struct search *search, const struct x11_server *server)
{
    char path[PATH_MAX], link[64], want[32];
    struct stat info;
    int has = 0;
    DIR *folder = x11_path(path, sizeof path, "%s/proc/%d/fd", search->root, (int)server->pid) ? opendir(path) : NULL;
    struct dirent *entry;
    if (!folder)
        return -1;
    snprintf(want, sizeof want, "/dev/tty%u", server->vt);
    while (!has && (entry = readdir(folder))) {
        ssize_t len = readlinkat(dirfd(folder), entry->d_name, link, sizeof link - 1);
        link[len > 0 ? len : 0] = 0;
        if (strcmp(link, want) != 0)
            continue;
        /* A file of that name in a mount namespace of its own is no terminal. */
        has = *search->root || (fstatat(dirfd(folder), entry->d_name, &info, 0) == 0 && S_ISCHR(info.st_mode) &&
                                info.st_rdev == makedev(TTY_MAJOR, server->vt));
    }
    closedir(folder);
    return has;
}

/* Returns whether the server holds the virtual terminal that its command line names, which anybody can write: it is root's,
   or the seat's user's and has the terminal open. */
static bool x11_holds_terminal(const struct search *search, const struct x11_server *server,
                               const struct x11_logind *logind)
{
    bool is_seats_user = logind->uid_known && server->owner == logind->uid;
    if (server->owner == 0)
        return true;
    if (logind->uid_known && !is_seats_user)
        return false;
    int has = x11_has_terminal(search, server);
    return has < 0 ? is_seats_user : has;
}

static void x11_mark_shown(struct search *search)
{
    struct x11_logind logind;
    unsigned number, screen;
    x11_logind_read(search->root, &logind);
    bool has_display = x11_parse_display(logind.display, &number, &screen);
    for (size_t i = 0; i < search->servers->count; i++) {
        struct x11_server *server = &search->servers->items[i];
        if (server->vt && !x11_holds_terminal(search, server, &logind))
            server->vt = 0;
        bool is_ours = server->owner == 0 || !logind.uid_known || server->owner == logind.uid;
        bool on_vt = server->vt && server->vt == (logind.vt ? logind.vt : logind.session_vt);
        server->shown = on_vt || (has_display && is_ours && server->number == number && server->vt == 0);
    }
}

static int x11_server_rank(const struct x11_server *server)
{
    if (server->chosen)
        return 0;
    if (server->shown)
        return 1;
    bool by_name = strncmp(server->name, "Xorg", 4) == 0 || strcmp(server->name, "X") == 0;
    return by_name && (server->owner == 0 || server->vt) ? 2 : 3;
}

static int x11_compare_servers(const void *left, const void *right)
{
    const struct x11_server *a = left, *b = right;
    if (x11_server_rank(a) != x11_server_rank(b))
        return x11_server_rank(a) - x11_server_rank(b);
    return (a->number > b->number) - (a->number < b->number);
}

/* Reports the sockets that belong to no server found. */
static void x11_refuse_orphans(struct search *search)
{
    for (size_t i = 0; i < search->sockets.count; i++) {
        unsigned number = search->sockets.items[i].number;
        bool known = false;
        for (size_t j = 0; j < search->servers->count; j++)
            known |= search->servers->items[j].number == number;
        for (size_t j = 0; j < i; j++)
            known |= search->sockets.items[j].number == number; /* a display has two sockets */
        if (!known)
            x11_refuse_socket(search, number);
    }
}

void x11_servers_find(struct x11_servers *servers, const char *root, const char *display, struct strlist *refused)
{
    struct search *search = calloc(1, sizeof *search);
    servers->count = 0;
    servers->waiting = false;
    if (!search) {
        strlist_add(refused, "no memory to look for X servers");
        return;
    }
    search->root = root;
    search->servers = servers;
    search->refused = refused;
    x11_add_processes(search);
    x11_sockets_read(&search->sockets, root, 0);
    x11_complete_numbers(search);
    if (display && *display)
        x11_choose_display(search, display);
    x11_remove_unnumbered(search);
    x11_mark_shown(search);
    x11_refuse_orphans(search);
    x11_remove_others(search);
    qsort(servers->items, servers->count, sizeof servers->items[0], x11_compare_servers);
    free(search);
}

void x11_servers_deinit(struct x11_servers *servers)
{
    for (size_t i = 0; i < servers->count; i++)
        free(servers->items[i].authority);
    servers->count = 0;
}
