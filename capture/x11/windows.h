/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The top-level windows of an X server. */
#ifndef CAPTURE_X11_WINDOWS_H
#define CAPTURE_X11_WINDOWS_H

#include "capture/x11/connection.h"

#define X11_WINDOWS_MAX 4096      /* listed */
#define X11_WINDOW_TEXT_MAX 16384 /* bytes of a title or class; a longer one ends in "... (cut)" */

/* Adds a line for each, screen by screen, bottom to top:
 *
 *     title TAB class TAB pid TAB WxH+X+Y TAB visible
 *
 * title and class are escaped as field_append() does and pid is decimal; each is empty where the client does not
 * tell it. The geometry is the client's own window's, without a window manager's frame, in the screen's coordinates, which
 * may be negative ("640x480-5+20"). visible is 1 when it is mapped and some of it lies within the screen, else 0 (say,
 * minimised); windows above it are not taken into account.
 *
 * With a window manager these are the clients it manages, and the mapped windows that it does not (menus, its own).
 * Without one they are the mapped children of the root window.
 */
int x11_windows_list(struct x11_connection *connection, struct strlist *lines, struct error *err);

#endif
