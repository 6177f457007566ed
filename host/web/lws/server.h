/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gateway's sockets: libwebsockets, and all that knows of it. One thread. */
#ifndef HOST_WEB_LWS_SERVER_H
#define HOST_WEB_LWS_SERVER_H

#include "base/error.h"

/* Listens, and serves until server_stop(). */
int server_run(struct error *err);
/* Ends it; from any thread, and from a signal's handler. */
void server_stop(void);

#endif
