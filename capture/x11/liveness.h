/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection of our own to an X server, beside Xlib's, that never waits longer than it is told.
 *
 * Xlib has no time limits: on a server that is stopped or grabbed every one of its calls waits for ever. So a server is
 * asked here first whether it answers, with the few bytes of the protocol that takes (X Protocol, chapter 8 "Connection
 * Setup" and appendix B), and again before each use. It also gives the server's own words when it refuses, and keeps a
 * server that resets itself with its last client from doing so between a try and the real opening.
 */
#ifndef CAPTURE_X11_LIVENESS_H
#define CAPTURE_X11_LIVENESS_H

#include "base/buffer.h"

#include <stdint.h>
#include <sys/types.h>

struct x11_liveness {
    int fd;    /* -1: closed */
    pid_t pid; /* who listens; 0: not known, in another namespace */
    uid_t uid;
    uint16_t sequence; /* of the last request */
};

enum x11_answer {
    X11_ANSWERED,
    X11_REFUSED, /* it answered no */
    X11_SILENT,  /* nothing came before the deadline */
    X11_GONE,    /* there is no server, or it ended */
};

/* Connects to display :number of this machine. The reason of anything but X11_ANSWERED is put into reason, one line.
   The deadline is os_clock_ms()'s. */
enum x11_answer x11_liveness_connect(struct x11_liveness *liveness, unsigned number, int64_t deadline_ms, char *reason,
                                     size_t reason_size);
/* Introduces us with a cookie of the method, or with none when cookie.len is 0. */
enum x11_answer x11_liveness_setup(struct x11_liveness *liveness, const char *method, struct slice cookie,
                                   int64_t deadline_ms, char *reason, size_t reason_size);
/* Whether the server still answers requests. */
enum x11_answer x11_liveness_ping(struct x11_liveness *liveness, int64_t deadline_ms);
void x11_liveness_close(struct x11_liveness *liveness); /* accepts a closed one */

#endif
