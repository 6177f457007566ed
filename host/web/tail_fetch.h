/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The threads that fetch the texts of guests that pages follow. */
#ifndef HOST_WEB_TAIL_FETCH_H
#define HOST_WEB_TAIL_FETCH_H

#include "host/web/tail.h"

#define TAILS_MAX 64 /* of all pages */

/* Starts to follow a text. what: "log", "events" or "child:PID". NULL with the reason. */
struct tail *tail_start(struct guest *guest, uint32_t id, const char *what, struct error *err);

#endif
