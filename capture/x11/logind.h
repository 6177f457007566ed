/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which virtual terminal is active and which session has seat0, from files alone. */
#ifndef CAPTURE_X11_LOGIND_H
#define CAPTURE_X11_LOGIND_H

struct x11_logind {
    unsigned vt;         /* the active one; 0: there is none, or it is not known */
    unsigned session_vt; /* 0: not known; the texts "" */
    char session[32];    /* logind's name of seat0's active session */
    char type[16];       /* "x11", "wayland", "tty" */
    char display[32];    /* its X display */
};

/* Paths are under `root`, "" but in tests. */
void x11_logind_read(const char *root, struct x11_logind *logind);

#endif
