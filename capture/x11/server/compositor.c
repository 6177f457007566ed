/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A compositor of Wayland is found as X servers are, by logind's files and the files of its process. */
#include "capture/x11/backend.h"

#include "capture/choice.h"
#include "capture/x11/logind.h"
#include "capture/x11/server/proc.h"
#include "platform/clock.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RANK_BEST 4    /* of a process in the session's control group, with input devices */
#define FILES_MAX 1024 /* open files of a process that are looked at: a compositor opens its cards first */

struct compositor_search {
    const char *root;
    struct x11_logind logind;
    char own_name[X11_PROCESS_NAME_SIZE]; /* the agent's: its processes open cards to capture them */
    int rank;                             /* of the one that was found, at most RANK_BEST; 0: none */
    struct choice_compositor found;
};

/* Returns whether looking for it can change anything. */
static bool is_needed(const struct choice_scene *scene)
{
    size_t active = 0;
    for (size_t i = 0; i < scene->card_count; i++)
        active += scene->cards[i].active_outputs > 0;
    for (size_t i = 0; i < scene->server_count; i++) {
        const struct choice_server *server = &scene->servers[i];
        bool is_sessions = server->of_root || strcmp(scene->session_type, "wayland") != 0;
        if (server->shown && !server->rootless && server->cards && is_sessions)
            return false;
    }
    return active > 1 && scene->vt_mode != VT_MODE_TEXT;
}

/* Returns how surely the process belongs to the session: 0: not at all; 1: it is the user's, and in no session's control
   group, as what `systemd --user` starts; 2: it is in the session's. */
static int compositor_belongs(const struct compositor_search *search, pid_t pid)
{
    char path[PATH_MAX], group[4096], scope[64];
    struct stat owner;
    x11_path(path, sizeof path, "%s/proc/%d", search->root, (int)pid);
    if (stat(path, &owner) != 0)
        return 0;
    if (!search->logind.uid_known)
        return 1;
    x11_path(path, sizeof path, "%s/proc/%d/cgroup", search->root, (int)pid);
    x11_read_file(path, group, sizeof group);
    const char *in = strstr(group, "/session-");
    snprintf(scope, sizeof scope, "/session-%s.scope", search->logind.session);
    if (in)
        return strncmp(in, scope, strlen(scope)) == 0 ? 2 : 0;
    return owner.st_uid == search->logind.uid;
}

/* Reads which cards a process has open, and whether it has input devices too: a compositor does, and a client that has
   opened a card to render with it does not. */
static uint64_t read_open_files(const struct compositor_search *search, pid_t pid, bool *has_input)
{
    char path[PATH_MAX], link[64], rest;
    unsigned card;
    uint64_t cards = 0;
    *has_input = false;
    DIR *folder = x11_path(path, sizeof path, "%s/proc/%d/fd", search->root, (int)pid) ? opendir(path) : NULL;
    struct dirent *entry;
    for (int i = 0; folder && i < FILES_MAX && (entry = readdir(folder)); i++) {
        ssize_t len = readlinkat(dirfd(folder), entry->d_name, link, sizeof link - 1);
        link[len > 0 ? len : 0] = '\0';
        if (sscanf(link, "/dev/dri/card%2u%c", &card, &rest) == 1 && card < CHOICE_CARDS_MAX)
            cards |= (uint64_t)1 << card;
        *has_input |= strncmp(link, "/dev/input/event", 16) == 0;
    }
    if (folder)
        closedir(folder);
    return cards;
}

static void compositor_look_at(struct compositor_search *search, pid_t pid)
{
    char name[X11_PROCESS_NAME_SIZE], state;
    bool has_input;
    int belongs = compositor_belongs(search, pid);
    if (!belongs || !x11_process_stat(search->root, pid, name, &state) || strcmp(name, search->own_name) == 0)
        return;
    uint64_t cards = read_open_files(search, pid, &has_input);
    int rank = cards ? belongs + (has_input ? 2 : 0) : 0;
    if (rank > search->rank) {
        search->rank = rank;
        search->found = (struct choice_compositor){.pid = (int)pid};
        strcpy(search->found.name, name);
    }
    if (rank && rank == search->rank)
        search->found.cards |= cards;
}

void compositor_find(const char *root, int timeout_ms, struct choice_compositor *out)
{
    char path[PATH_MAX], state;
    struct compositor_search search = {.root = root};
    int64_t deadline = os_deadline(timeout_ms);
    x11_logind_read(root, &search.logind);
    x11_process_stat("", getpid(), search.own_name, &state);
    DIR *folder = x11_path(path, sizeof path, "%s/proc", root) ? opendir(path) : NULL;
    struct dirent *entry;
    while (folder && os_time_left(deadline) && (entry = readdir(folder)))
        if (x11_parse_number(entry->d_name) > 0)
            compositor_look_at(&search, (pid_t)x11_parse_number(entry->d_name));
    if (folder)
        closedir(folder);
    *out = search.found;
    out->is_unsure = search.rank < RANK_BEST && os_time_left(deadline) == 0;
}

void compositor_probe(const char *root, int timeout_ms, struct choice_scene *scene)
{
    if (is_needed(scene))
        compositor_find(root, timeout_ms, &scene->compositor);
}
