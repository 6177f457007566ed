/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A second connection to an X server, beside Xlib's, with a deadline for each operation.
 *
 * Xlib has no timeouts: when the server is stopped or grabbed each of its calls blocks forever. So before each use of
 * Xlib the server is pinged on this connection, by a few bytes of the protocol (X Protocol, chapter 8 "Connection
 * Setup" and appendix B). The connection also gives the server's own reason when it refuses. And it stays open until
 * Xlib has connected, since a server may reset itself when its last client disconnects.
 */
#ifndef CAPTURE_X11_LIVENESS_H
#define CAPTURE_X11_LIVENESS_H

#include "base/buffer.h"

#include <stdint.h>
#include <sys/types.h>

struct x11_liveness {
    int fd;    /* -1: closed */
    pid_t pid; /* of the peer; 0: unknown, in another namespace */
    uid_t uid;
    uint16_t sequence; /* of the last request */
};

enum x11_answer {
    X11_ANSWERED,
    X11_REFUSED, /* the server refused the connection setup */
    X11_SILENT,  /* no answer before the deadline */
    X11_GONE,    /* there is no server, or it ended */
};

/* Connects to display :number of this machine. The reason for anything but X11_ANSWERED is written to `reason`, as one
   line. The deadline is a time of os_clock_ms(). */
enum x11_answer x11_liveness_connect(struct x11_liveness *liveness, unsigned number, int64_t deadline_ms, char *reason,
                                     size_t reason_size);
/* Sends the connection setup with a cookie of that method, or without one when cookie.len is 0. */
enum x11_answer x11_liveness_setup(struct x11_liveness *liveness, const char *method, struct slice cookie,
                                   int64_t deadline_ms, char *reason, size_t reason_size);
/* Sends a request and waits for its reply. */
enum x11_answer x11_liveness_ping(struct x11_liveness *liveness, int64_t deadline_ms);
void x11_liveness_close(struct x11_liveness *liveness); /* accepts a closed one */

#endif
