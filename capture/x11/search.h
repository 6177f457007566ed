/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trying the servers that run, each with every authority that may be its own, until one lets us in. */
#ifndef CAPTURE_X11_SEARCH_H
#define CAPTURE_X11_SEARCH_H

#include "capture/x11/authority.h"
#include "capture/x11/liveness.h"

struct x11_entry {                /* what let us in */
    struct x11_server server;     /* its authority is not kept */
    struct x11_cookie cookie;     /* len 0: none was needed */
    struct x11_liveness liveness; /* open */
};

/* Begins with the server of the environment. Those that did not let us in add "WHO: why" to refused, and a server that
   did not answer ends the search: what is shown may be on it. trying() is told of each server before it is asked. */
int x11_search(struct x11_entry *entry, const struct x11_environment *environment, int64_t deadline_ms,
               void (*trying)(const struct x11_server *server), struct strlist *refused, struct error *err);

#endif
