/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of displays and of X servers' processes. Memory in, values out. */
#ifndef CAPTURE_X11_SERVER_NAME_H
#define CAPTURE_X11_SERVER_NAME_H

#include <stdbool.h>

#define X11_DISPLAY_MAX 65535 /* N of :N */

/* Parses the name of a display that is reached by a local socket, as libxcb does: "[PROTOCOL/][HOST]:N[.S]" where HOST is
   empty or "unix", or PROTOCOL is "unix". */
bool x11_parse_display(const char *text, unsigned *number, unsigned *screen);

/* Returns whether a process of that name is the program, as packages wrap and rename it: "Xvfb", ".Xvfb-wrapped",
   "Xvfb-for-Xpra-:1". */
bool x11_is_program(const char *name, const char *program);
/* Returns whether a process of that name is an X server. */
bool x11_is_server_name(const char *name);

/* Returns whether an option of an X server is followed by a word that may look like the server's own display: another
   server's, as in "Xephyr :2 -display :1", or a text. */
bool x11_takes_display(const char *option);

#endif
