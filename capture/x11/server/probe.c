/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The servers as candidates, from files alone. */
#include "capture/x11/backend.h"

#include "capture/choice.h"
#include "capture/x11/card.h"
#include "capture/x11/logind.h"
#include "capture/x11/server/find.h"

#include <stdio.h>

static void x11_add_server(const char *root, const struct x11_server *server, struct choice_scene *scene)
{
    struct choice_server *out = &scene->servers[scene->server_count++];
    *out = (struct choice_server){
        .number = server->number,
        .pid = (int)server->pid,
        .vt = server->vt,
        .rootless = server->rootless,
        .of_root = server->owner == 0,
        .chosen = server->chosen,
        .shown = server->shown,
        .cards = server->pid ? x11_card_mask(root, server->pid) : 0,
    };
    snprintf(out->name, sizeof out->name, "%s", server->name);
}

void x11_probe(const char *root, const char *display, struct choice_scene *scene)
{
    struct x11_logind logind;
    struct x11_servers servers;
    struct strlist refused = {0}; /* reported by x11_connection_open() */
    x11_logind_read(root, &logind);
    scene->vt = logind.vt;
    snprintf(scene->session, sizeof scene->session, "%s", logind.session);
    snprintf(scene->session_type, sizeof scene->session_type, "%s", logind.type);
    x11_servers_find(&servers, root, display, &refused);
    if (display && !servers.waiting) /* else the compositor's cards are its screen */
        snprintf(scene->display, sizeof scene->display, "%s", display);
    for (size_t i = 0; i < servers.count && scene->server_count < CHOICE_SERVERS_MAX; i++)
        x11_add_server(root, &servers.items[i], scene);
    x11_servers_deinit(&servers);
    strlist_deinit(&refused);
}
