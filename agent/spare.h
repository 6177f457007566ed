/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads in reserve, for clients that come while the system makes no new thread. Each waits for a client, serves it, and
   then waits again. */
#ifndef AGENT_SPARE_H
#define AGENT_SPARE_H

#include "base/error.h"

#include <stdbool.h>

#define SPARE_THREADS 4

struct spares;
/* Makes the reserve, which lives as long as the process, and its threads as far as the system makes them. */
int spares_new(struct spares **out, struct error *err);
/* Makes one of the threads that are missing, if any and if the system makes one. One thread at a time calls this. */
void spares_fill(struct spares *spares);
/* Has main(context) called by a thread that waits. Returns false when there is none. Any thread; accepts NULL. */
bool spares_run(struct spares *spares, void (*main)(void *context), void *context);

#endif
