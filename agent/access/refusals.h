/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logs who is refused, each of them once: a client that tries again and again must not empty the log of all else. */
#ifndef AGENT_ACCESS_REFUSALS_H
#define AGENT_ACCESS_REFUSALS_H

#include "base/format.h"

#define REFUSALS_MAX 32 /* texts that are remembered; what finds no place within the interval is counted together */
#define REFUSAL_AGAIN_MS (10 * 60 * 1000) /* from one line of a text to the next, which has the number since */

void refusals_init(void); /* once, before the first thread */

/* Logs a refusal, unless the same text was logged within the interval: then it is counted. Any thread. */
void refusal_log(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
