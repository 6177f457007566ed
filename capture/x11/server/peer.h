/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who listens on a display's socket, as the kernel tells it of a connection (SO_PEERCRED, unix(7)). */
#ifndef CAPTURE_X11_SERVER_PEER_H
#define CAPTURE_X11_SERVER_PEER_H

#include "capture/x11/server/find.h"
#include "capture/x11/liveness.h"

/* Returns whether the peer is the server that was found. When one of two servers runs in a container both can have the same
   display number. Another user's socket is never the server's own, but root may have made it for the server. */
bool x11_peer_is_server(const struct x11_liveness *peer, const struct x11_server *server);
/* Writes whose socket it is, where it is not the server's: a reason. */
void x11_peer_describe(const struct x11_liveness *peer, char *text, size_t size);

/* Makes the first of DISPLAY's servers the one that listens on its socket, whatever its process is called and wherever it
   runs. Connects, and sends nothing. */
void x11_peer_confirm(struct x11_servers *servers);

#endif
