/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gateway's sockets: libwebsockets, and all that knows of it. One thread. */
#ifndef HOST_WEB_LWS_SERVER_H
#define HOST_WEB_LWS_SERVER_H

#include "base/error.h"
#include "host/web/auth.h"
#include "host/web/forwarded.h"
#include "host/web/gateway.h"
#include "host/web/route.h"

#include <libwebsockets.h>

#include <stdbool.h>

#define SERVER_PIECE 32768       /* bytes of one write */
#define SERVER_CONNECTIONS 512   /* in all */
#define SERVER_SOCKETS 256       /* WebSockets among them */
#define SERVER_SEND_BUFFER 98304 /* bytes that the system keeps for a viewer */
#define SERVER_HEADER_SIZE 1024
#define SERVER_PEER_SIZE FORWARDED_PEER_SIZE

extern struct gateway gateway; /* of this process */

/* Listens, and serves until server_stop(). */
int server_run(struct error *err);
/* Ends it; from any thread, and from a signal's handler. */
void server_stop(void);

/* ---- between the files ---- */

/* Copies into the same memory at each call: room for a piece, with the bytes that libwebsockets writes before it. */
uint8_t *server_piece(const void *bytes, size_t len);
/* Whether a path is below a folder that libwebsockets serves by itself. */
bool server_is_mounted(const char *path);
/* Finds who asks, and what a proxy that is believed says of it. */
void server_read_forwarded(struct lws *wsi, struct forwarded *out);
/* Decides about a request from its headers; what is refused is counted and logged. */
enum auth_verdict server_judge(struct lws *wsi, const char *path, const struct route *route,
                               char cookie[AUTH_TOKEN_SIZE]);
/* Asks for a moment to write for each socket, and for each request whose job is done. */
void sockets_wake(void);
void requests_wake(void);
void rfb_wake(void);

int request_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);
int socket_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);
int rfb_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);
extern const size_t request_session_size, socket_session_size, rfb_session_size;

#endif
