/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The active virtual terminal and seat0's active session, read from files of the kernel and of logind. */
#ifndef CAPTURE_X11_LOGIND_H
#define CAPTURE_X11_LOGIND_H

#include <stdbool.h>
#include <sys/types.h>

struct x11_logind {
    unsigned vt; /* the active one; 0: none, or unknown */
    bool uid_known;
    uid_t uid;           /* of the session's user */
    unsigned session_vt; /* 0: unknown; the texts below: "" */
    char session[32];    /* logind's name of seat0's active session */
    char type[16];       /* "x11", "wayland", "tty" */
    char display[32];    /* its X display */
};

/* Reads what is there. Paths are under `root`, which is "" except in tests. */
void x11_logind_read(const char *root, struct x11_logind *logind);

#endif
