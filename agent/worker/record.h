/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The worker's verb "record" (capture/stills.h). Its options are those of CRCs (agent/worker/options.h), and
 *
 *     mask=WxH+X+Y            may be repeated
 *     settle-ms=N, max-ms=N   from 1 to 10000
 *     wait-ms=N               up to 10000
 *     shown=KEY, base=HASH
 */
#ifndef AGENT_WORKER_RECORD_H
#define AGENT_WORKER_RECORD_H

#include "agent/worker/options.h"
#include "capture/stills.h"

#define RECORD_TIME_MAX_MS 10000

struct record_options {
    struct stills_options stills; /* its texts are borrowed from the strings parsed, or from `rest` */
    struct screenshot_options screen;
    struct strlist rest; /* owned */
};

/* The caller calls record_options_deinit() in any case. ERR_INVALID names the option and the value. */
int record_options_parse(struct record_options *options, const struct strlist *texts, struct error *err);
void record_options_deinit(struct record_options *options);

#endif
