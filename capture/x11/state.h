/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a person would see what the X server has drawn. */
#ifndef CAPTURE_X11_STATE_H
#define CAPTURE_X11_STATE_H

#include "capture/x11/connection.h"

enum x11_vt_state {
    X11_VT_UNKNOWN, /* a server without one, such as Xvfb */
    X11_VT_ACTIVE,
    X11_VT_INACTIVE, /* another virtual terminal is shown */
};

/* Xorg says so in a property of the root window, XFree86_has_VT. */
enum x11_vt_state x11_vt_state(struct x11_connection *connection, int screen);

/* Adds "warning=...": display asleep, screen saver active, screen locked, a library that is missing. */
void x11_state_warn(struct x11_connection *connection, int screen, struct strlist *facts);

/* The first item of a window's property of 32-bit items; false when it has no such. */
bool x11_read_card32(struct x11_connection *connection, Window window, const char *name, uint32_t *value);

#endif
