/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An open connection to the X server that is captured. A process has only one, since Xlib's handlers are global. */
#ifndef CAPTURE_X11_CONNECTION_H
#define CAPTURE_X11_CONNECTION_H

#include "base/strlist.h"
#include "capture/x11/server/find.h"
#include "capture/x11/liveness.h"
#include "capture/x11/server/target.h"
#include "capture/x11/xlib.h"

#include <setjmp.h>

struct x11_connection {
    Display *display; /* NULL until it is open */
    struct x11_liveness liveness;
    struct x11_server server; /* without its authority */
    uint64_t cards;           /* that the server has open */
    bool shares_ipc;          /* the server is in our IPC namespace */
    int randr;                /* RandR's version, 105 for 1.5; 0: not queried yet, -1: not available */
    int64_t answered_ms;      /* when it last answered a ping; 0: never */
    bool lost;                /* the connection broke: it can only be closed */
};

/* Opens Xlib's connection and the one of liveness.h, and checks what Xlib has read. x11_connection_close() must follow in
   any case. Returns ERR_DENIED when the server refused, ERR_TIMEOUT when it did not answer, else ERR_UNAVAILABLE. */
int x11_connection_open(struct x11_connection *connection, const struct x11_target *target, int timeout_ms,
                        struct error *err);
void x11_connection_close(struct x11_connection *connection); /* accepts a half-open one */

/* Checks that the server answers now, before calls of Xlib. Returns ERR_TIMEOUT, which names the server and the state
   of its process, or ERR_CLOSED when the server ended. */
int x11_connection_ping(struct x11_connection *connection, int timeout_ms, struct error *err);
/* Does the same for what is asked many times a second: not again within a second of an answer. A server that falls silent in
   that time makes a call of Xlib wait, and the worker ends this process at the deadline, with the same reason. */
int x11_connection_ping_seldom(struct x11_connection *connection, int timeout_ms, struct error *err);

/* Begins a use of Xlib, which must end with x11_connection_leave(), in the same function:
 *
 *     if (setjmp(*x11_connection_enter(connection)) != 0)
 *         return x11_connection_leave(connection, ERR_CLOSED, err);
 *     ... calls of Xlib ...
 *     return x11_connection_leave(connection, status, err);
 *
 * When the connection breaks, connection->lost is set and either calls of Xlib fail from then on, or setjmp() returns a
 * second time. In the second case the memory that was allocated in between is leaked. Uses can't be nested. */
jmp_buf *x11_connection_enter(struct x11_connection *connection);
/* Ends a use of Xlib. Returns `status`, or ERR_CLOSED when the connection broke. */
int x11_connection_leave(struct x11_connection *connection, int status, struct error *err);

/* Returns the code of the first X error since the last call, of all requests sent so far; 0 when there was none. */
int x11_take_error(struct x11_connection *connection);
/* Returns the same of the requests that were answered, without asking the server. */
int x11_forget_error(void);

/* Writes what is known of the server that is being asked: capture_backend's describe_hang. */
void x11_connection_describe_hang(char *text, size_t size);

#endif
