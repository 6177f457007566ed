/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all sockets of the gateway share: who asks, whether he may, and room for what is written. */
#ifndef HOST_WEB_LWS_COMMON_H
#define HOST_WEB_LWS_COMMON_H

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

/* Copies into the same memory at each call: room for a piece, with the bytes that libwebsockets writes before it. */
uint8_t *server_piece(const void *bytes, size_t len);
/* Finds who asks, and what a proxy that is believed says of it. */
void server_read_forwarded(struct lws *wsi, struct forwarded *out);
/* Decides about a request from its headers; what is refused is counted and logged. */
enum auth_verdict server_judge(struct lws *wsi, const char *path, const struct route *route,
                               char cookie[AUTH_TOKEN_SIZE]);

#endif
