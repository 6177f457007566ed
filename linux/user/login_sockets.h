/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the sockets in a user's runtime folder tell of the session, where no process does: a compositor that has started
 * no program has its displays in no environment. Only for linux/.
 *
 * Facts: proc(5) "/proc/net/unix"; libwayland's wl_display_add_socket(); the names that sway, i3, niri and Hyprland give
 * their sockets.
 */
#ifndef LINUX_USER_LOGIN_SOCKETS_H
#define LINUX_USER_LOGIN_SOCKETS_H

#include "linux/user/login.h"

/* Adds XDG_RUNTIME_DIR and the address of the bus, where nothing that runs in the session has named any. */
void login_add_places(const struct login_search *search, struct strlist *out);

/* Adds the displays that somebody listens for and the sockets of that compositor, below XDG_RUNTIME_DIR of `out`: what is
   not in there, and where there is a WAYLAND_DISPLAY, only what goes with it. Returns false when there are none. */
bool login_add_sockets(const struct login_search *search, struct strlist *out);

#endif
