/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests of HTTP. */
#ifndef HOST_WEB_LWS_REQUEST_H
#define HOST_WEB_LWS_REQUEST_H

#include <libwebsockets.h>

#include <stddef.h>

extern const size_t request_session_size;

/* Says what libwebsockets answers by itself; NULL: nothing. */
const struct lws_http_mount *request_mounts(void);
int request_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

#endif
