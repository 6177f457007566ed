/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Prometheus reads. */
#ifndef HOST_WEB_SCRAPE_H
#define HOST_WEB_SCRAPE_H

#include "base/buffer.h"
#include "host/web/gateway.h"

/* Appends all that is counted, and the guests' states, in Prometheus' text format. */
void scrape_write(struct buffer *out, struct gateway *gateway);

#endif
