/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VNC viewers. */
#ifndef HOST_WEB_LWS_RFB_H
#define HOST_WEB_LWS_RFB_H

#include <libwebsockets.h>

#include <stddef.h>

extern const size_t rfb_session_size;

/* Asks for a moment to write for each. */
void rfb_wake(void);
int rfb_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

#endif
