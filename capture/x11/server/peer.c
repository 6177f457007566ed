/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/server/peer.h"

#include "capture/x11/server/name.h"
#include "platform/clock.h"

#include <stdio.h>
#include <stdlib.h>

#define PROBE_MS 100 /* for connect(2) */

bool x11_peer_is_server(const struct x11_liveness *peer, const struct x11_server *server)
{
    char name[X11_PROCESS_NAME_SIZE], state;
    if (server->uid != (uid_t)-1 && peer->uid != server->uid && peer->uid != server->owner && peer->uid != 0)
        return false;
    if (server->pid == 0 || peer->pid == server->pid)
        return true;
    /* The server may have got its socket from the process that started it, but not from one that we can't see. */
    return peer->pid != 0 && (!x11_process_stat("", peer->pid, name, &state) || !x11_is_server_name(name));
}

void x11_peer_describe(const struct x11_liveness *peer, char *text, size_t size)
{
    if (peer->pid)
        snprintf(text, size, "its socket belongs to process %d of user %u", (int)peer->pid, (unsigned)peer->uid);
    else
        snprintf(text, size, "its socket belongs to a process in another container, of user %u", (unsigned)peer->uid);
}

/* Makes a server of what its socket tells, and of the process behind it, if that is the user's who owns the socket. */
static void peer_make_server(const struct x11_liveness *peer, struct x11_server *server)
{
    struct strlist unread = {0};
    struct x11_server process = {.number = 0};
    bool number_known, is_read = peer->pid && x11_server_read(&process, &number_known, "", peer->pid, &unread);
    strlist_deinit(&unread);
    if (!is_read || (process.uid != peer->uid && peer->uid != 0)) { /* root may have given up its rights since */
        free(process.authority);
        process = (struct x11_server){.pid = peer->pid, .uid = peer->uid, .owner = peer->uid, .group = (gid_t)-1};
    }
    process.number = server->number;
    process.screen = server->screen;
    process.vt = 0; /* which is only claimed */
    process.chosen = true;
    free(server->authority);
    *server = process;
}

static void peer_choose(const struct x11_liveness *peer, struct x11_servers *servers)
{
    struct x11_server *first = &servers->items[0]; /* the chosen ones are in front */
    for (size_t i = 0; i < servers->count && servers->items[i].chosen; i++) {
        struct x11_server *server = &servers->items[i], moved = *server;
        bool is_named = x11_is_server_name(server->name); /* else its lock alone says that it is one */
        if (server->pid == 0 || (!is_named && server->pid != peer->pid) || !x11_peer_is_server(peer, server))
            continue;
        *server = *first;
        *first = moved;
        return;
    }
    peer_make_server(peer, first);
}

void x11_peer_confirm(struct x11_servers *servers)
{
    struct x11_liveness peer;
    char reason[256];
    if (servers->count == 0 || !servers->items[0].chosen ||
        x11_liveness_connect(&peer, servers->items[0].number, os_deadline(PROBE_MS), reason, sizeof reason) !=
            X11_ANSWERED)
        return;
    peer_choose(&peer, servers);
    x11_liveness_close(&peer);
}
