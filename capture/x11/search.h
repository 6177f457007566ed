/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tries the running servers, each with every Xauthority file that may be its own, until one accepts the connection. */
#ifndef CAPTURE_X11_SEARCH_H
#define CAPTURE_X11_SEARCH_H

#include "capture/x11/authority.h"
#include "capture/x11/liveness.h"

struct x11_entry {                /* the server that accepted */
    struct x11_server server;     /* without its authority */
    struct x11_cookie cookie;     /* len 0: none was needed */
    struct x11_liveness liveness; /* open */
};

/* Searches for a server, the one of the environment first. Each server that does not accept adds "WHO: why" to
   `refused`. A server that does not answer ends the search with ERR_TIMEOUT, since the visible screen may be its own.
   trying() is called before each server is asked. */
int x11_search(struct x11_entry *entry, const struct x11_environment *environment, int64_t deadline_ms,
               void (*trying)(const struct x11_server *server), struct strlist *refused, struct error *err);

#endif
