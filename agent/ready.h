/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waits until the guest is ready. All that wait share one watch of the desktop, in a worker of its own, and one look a
 * moment at the screen and the processors; there is neither while nobody waits. Any thread.
 */
#ifndef AGENT_READY_H
#define AGENT_READY_H

#include "agent/conditions.h"
#include "agent/worker/pool.h"
#include "platform/socket.h"

struct ready;

/* Once; it lives as long as the process. `pictures` (borrowed) takes the pictures for a still screen. */
int ready_new(struct ready **out, const struct strlist *card_classes, struct worker_pool *pictures, struct error *err);
/* Ends the watch's worker, before the agent becomes another executable. */
void ready_stop(struct ready *ready);
/* From now on the desktop is shutting down, for this reason, for at most CONDITIONS_ENDING_MS. */
void ready_set_ending(struct ready *ready, const char *why);
/* Writes that reason; "" when it is not shutting down by our doing. */
void ready_get_ending(struct ready *ready, char *why, size_t size);

/* Blocks until all conditions are met, or the deadline, or until the answer is another one than that with the token `seen`
   (NULL: does not count). Adds the facts of the answer. ERR_CLOSED: the client has hung up. */
int ready_wait(struct ready *ready, const struct conditions_wanted *wanted, struct os_socket *client,
               int64_t deadline_ms, const char *seen, struct strlist *facts, struct error *err);

#endif
