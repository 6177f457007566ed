/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/choice.h"
#include "capture/x11/backend.h"
#include "capture/x11/find.h"
#include "capture/x11/card.h"
#include "capture/x11/logind.h"

#include <stdio.h>
#include <string.h>

static void add_server(const char *root, const struct x11_server *server, struct choice_scene *scene)
{
    struct choice_server *out = &scene->servers[scene->server_count++];
    *out = (struct choice_server){
        .number = server->number,
        .pid = (int)server->pid,
        .vt = server->vt,
        .rootless = server->rootless,
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
    struct strlist refused = {0}; /* the backend tells it, when it comes to that */
    x11_logind_read(root, &logind);
    scene->vt = logind.vt;
    snprintf(scene->session, sizeof scene->session, "%s", logind.session);
    snprintf(scene->session_type, sizeof scene->session_type, "%s", logind.type);
    x11_servers_find(&servers, root, display, &refused);
    for (size_t i = 0; i < servers.count && scene->server_count < CHOICE_SERVERS_MAX; i++)
        add_server(root, &servers.items[i], scene);
    x11_servers_deinit(&servers);
    strlist_deinit(&refused);
}
