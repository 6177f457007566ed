/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an X server tells of changes: XDamage of its root windows, with all windows in them; XFixes of the pointer's shape;
   XInput 2 of its way, also while a program has grabbed it. No client can tell that another one has asked for these. */
#ifndef CAPTURE_X11_CHANGES_H
#define CAPTURE_X11_CHANGES_H

#include "capture/x11/connection.h"

#define X11_CHANGES_SCREENS_MAX 16

struct x11_changes {
    bool selected;
    XID damages[X11_CHANGES_SCREENS_MAX]; /* of each screen */
    int screen_count;
    int damage_event, cursor_event; /* the numbers of the first events; cursor_event 0: none */
    int64_t told_ms;                /* when it last told something */
};

/* Waits for a change since the last call, until timeout_ms is nearly over: adds "pixels=1" and "pointer=1". The first call
   returns at once with both, since what happened before it made no event. Between x11_connection_enter() and _leave().
   ERR_UNAVAILABLE where the server or Xlib has no XDamage. */
int x11_changes_await(struct x11_changes *changes, struct x11_connection *connection, int timeout_ms,
                      struct strlist *facts, struct error *err);

#endif
