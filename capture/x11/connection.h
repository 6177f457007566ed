/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An open connection to the X server whose screen is wanted. One at a time in a process: Xlib's handlers are global. */
#ifndef CAPTURE_X11_CONNECTION_H
#define CAPTURE_X11_CONNECTION_H

#include "base/strlist.h"
#include "capture/x11/find.h"
#include "capture/x11/liveness.h"
#include "capture/x11/xlib.h"

struct x11_connection {
    Display *display; /* NULL until it is open */
    struct x11_liveness liveness;
    struct x11_server server; /* its authority is not kept */
    struct strlist refused;   /* "WHO: why" of what was tried before */
    int randr;                /* RandR's version, 105 for 1.5; 0: not asked yet, -1: there is none */
    bool lost;                /* Xlib found the connection broken; only closing it is of use */
};

/* Finds a server, or the one that is named (":0"; NULL: any), and its authority and connects to it, Xlib and the liveness.
   To be closed in any case. ERR_DENIED when a server refused, ERR_TIMEOUT when one did not answer, else
   ERR_UNAVAILABLE. */
int x11_connection_open(struct x11_connection *connection, const char *only, int timeout_ms, struct error *err);
void x11_connection_close(struct x11_connection *connection); /* accepts a half-open one */

/* Whether the server answers now, so that a call of Xlib may be risked: ERR_TIMEOUT names the server and its process's
   state, ERR_CLOSED says that it ended. */
int x11_connection_ping(struct x11_connection *connection, int timeout_ms, struct error *err);

/* Calls work(context) and returns when it returns, or when Xlib finds the connection broken: then connection->lost is
   set, and what work held is leaked. Every use of Xlib goes through here. Not within itself. */
void x11_connection_use(struct x11_connection *connection, void (*work)(void *context), void *context);

/* The code of the first X error since the last call, of requests sent until now; 0 when there was none. */
int x11_take_error(struct x11_connection *connection);

/* capture_backend's describe_hang */
void x11_connection_describe_hang(char *text, size_t size);

#endif
