/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The thread of each guest, which keeps what is known of its state. */
#ifndef HOST_WEB_WATCH_H
#define HOST_WEB_WATCH_H

#include "base/error.h"

struct gateway;
struct guest;

/* Makes the guests of the configuration, and starts their threads. */
int guests_start(struct gateway *gateway, struct error *err);

/* One viewer more, or less, looks at its state. */
void guest_look(struct guest *guest);
void guest_look_away(struct guest *guest);

#endif
