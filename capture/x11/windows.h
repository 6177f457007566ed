/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The top-level windows of an X server. */
#ifndef CAPTURE_X11_WINDOWS_H
#define CAPTURE_X11_WINDOWS_H

#include "capture/x11/connection.h"

#define X11_WINDOWS_MAX 4096      /* listed */
#define X11_WINDOW_TEXT_MAX 16384 /* bytes of a title or class; a longer one ends in "... (cut)" */

/* Adds a line for each window, screen by screen, bottom to top:
 *
 *     title TAB class TAB pid TAB WxH+X+Y TAB visible
 *
 * title and class are escaped as by field_append(), and pid is decimal. Each is empty where the client does not set it.
 * The geometry is that of the client's own window, without a window manager's frame, in the screen's coordinates, which
 * may be negative ("640x480-5+20"). visible is 1 when the window is mapped and a part of it lies within the screen,
 * else 0 (for example minimised). Windows above it are not considered.
 *
 * With a window manager the list has the managed clients and the mapped windows that are not managed (menus, those of
 * the window manager). Without one it has the mapped children of the root window.
 */
int x11_windows_list(struct x11_connection *connection, struct strlist *lines, struct error *err);

#endif
