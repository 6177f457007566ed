/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* WebSockets of pages. */
#ifndef HOST_WEB_LWS_SOCKET_H
#define HOST_WEB_LWS_SOCKET_H

#include <libwebsockets.h>

#include <stddef.h>

extern const size_t socket_session_size;

/* Asks for a moment to write for each. */
void sockets_wake(void);
int socket_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

#endif
