/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Enters a server: tries every Xauthority file that may be its own until it accepts the connection. */
#ifndef CAPTURE_X11_SERVER_SEARCH_H
#define CAPTURE_X11_SERVER_SEARCH_H

#include "capture/x11/liveness.h"
#include "capture/x11/server/target.h"

struct x11_entry {                /* the server that accepted */
    struct x11_server server;     /* without its authority */
    struct x11_cookie cookie;     /* len 0: none was needed */
    struct x11_liveness liveness; /* open */
};

/* Connects to the server, whose socket must be that of the process that was found, and of its user. ERR_DENIED when it
   refuses, ERR_TIMEOUT when it does not answer, else ERR_UNAVAILABLE; the text has the reasons. */
int x11_enter(struct x11_entry *entry, const struct x11_target *target, int64_t deadline_ms, struct error *err);

#endif
