/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the picture that the X server has drawn is visible. */
#ifndef CAPTURE_X11_STATE_H
#define CAPTURE_X11_STATE_H

#include "capture/x11/screen.h"

enum x11_vt_state {
    X11_VT_UNKNOWN, /* a server without a virtual terminal, such as Xvfb */
    X11_VT_ACTIVE,
    X11_VT_INACTIVE, /* another virtual terminal is active */
};

/* Returns what Xorg's property XFree86_has_VT of the root window says. */
enum x11_vt_state x11_vt_state(struct x11_connection *connection, int screen);

/* Adds "warning=..." where the display is asleep, the screen saver active, the screen locked, its layout's hardware tinting
   it or a library missing. */
void x11_state_warn(struct x11_connection *connection, const struct x11_screen *screen, struct strlist *facts);
/* The first three of these alone. */
void x11_state_warn_sleep(struct x11_connection *connection, int screen, struct strlist *facts);

/* Reads the first item of a window's property of 32-bit items. Returns false when it has no such property. */
bool x11_read_card32(struct x11_connection *connection, Window window, const char *name, uint32_t *value);

#endif
