/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who has an X screen: the window manager, as EWMH has it. */
#ifndef CAPTURE_X11_DESKTOP_H
#define CAPTURE_X11_DESKTOP_H

#include "capture/x11/screen.h"

struct x11_desktop {
    int screen;   /* that was read last */
    bool watched; /* its events are selected */
    Window check; /* the window manager's; None: there is none */
    Window watched_check;
};

/* Adds the facts of capture_backend's desktop(). Between x11_connection_enter() and _leave(), as the next one. */
void x11_desktop_read(struct x11_desktop *desktop, struct x11_connection *connection, const struct x11_screen *screen,
                      struct strlist *facts);
/* Waits for an event that concerns them, or until `other` can be read. The first call returns at once, since what happened
   before it made no event. */
void x11_desktop_await(struct x11_desktop *desktop, struct x11_connection *connection, int other);

#endif
