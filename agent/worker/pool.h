/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pool of capture workers: processes that serve one request each at a time, with a deadline. The agent waits no
 * longer than that, whatever a display or a driver does. Any thread.
 *
 * An answer is appended to `list` as the worker wrote it, which is also what the RPC replies: agent/worker/answer.h
 * reads it. Who finds all workers busy waits (agent/worker/queue.h), and equal requests that wait are served by
 * one capture. Errors: ERR_TIMEOUT at the deadline, ERR_UNAVAILABLE with the worker's reason.
 */
#ifndef AGENT_WORKER_POOL_H
#define AGENT_WORKER_POOL_H

#include "agent/child/children.h"
#include "agent/worker/answer.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/strlist.h"
#include "platform/socket.h"

#define WORKER_POOL_MAX 8 /* workers at once; one is kept between requests */

struct worker_pool;
/* Makes a pool, which lives as long as the process. `card_classes` (borrowed) are rules "DRIVER=CLASS" for every
   request, the values of --card-class. ERR_INVALID for a malformed rule, ERR_LIMIT for too many. */
int worker_pool_new(struct worker_pool **out, const struct strlist *card_classes, struct error *err);
/* Lists those of the rules that are of no card here, with the reason. */
void worker_pool_unused_rules(const struct worker_pool *pool, struct strlist *out);
/* Serves no more requests than that at once: with 1 each goes to the worker that had the last one. Before the first. */
void worker_pool_limit(struct worker_pool *pool, unsigned max);
/* Makes pictures passive while one of these children (borrowed) runs, unless the host sets the option itself. */
void worker_pool_spare_children(struct worker_pool *pool, struct children *children);
/* Ends the idle worker, before the agent becomes another executable. */
void worker_pool_stop(struct worker_pool *pool);

/* Requests "screenshot" or "crc" with the options of that RPC. ERR_CLOSED when the client (borrowed; NULL: the agent itself)
   has left while it waited for its turn. */
int worker_pool_picture(struct worker_pool *pool, const char *verb, const struct strlist *options,
                        struct os_socket *client, struct buffer *list, struct error *err);
/* Requests a screenshot whose file leaves while it is encoded. What the taker was called for stands in `list` behind a
   failure, too. A request that shares another one's capture gets all at once. */
int worker_pool_picture_in_pieces(struct worker_pool *pool, const struct strlist *options, struct os_socket *client,
                                  const struct answer_taker *taker, struct buffer *list, struct error *err);
/* Adds the facts of an answer. */
void worker_pool_facts(const struct buffer *list, struct strlist *facts);
/* Requests the displays of every source, with the options of the RPC displays. */
int worker_pool_all_displays(struct worker_pool *pool, const struct strlist *options, struct os_socket *client,
                             struct buffer *list, struct error *err);
/* Requests "displays", "windows", "desktop", "watch-HASH" (capture/desktop.h), "console" or
   "console-N" (capture/console.h) and adds the lines of the answer. client: as for a picture. */
int worker_pool_lines(struct worker_pool *pool, const char *verb, struct os_socket *client, int timeout_ms,
                      struct strlist *lines, struct error *err);
/* Checks actions without a worker. ERR_INVALID or ERR_LIMIT as capture/input/action.h has them. */
int worker_pool_check_input(const struct strlist *actions, struct error *err);
/* Requests "input-N" or "leave" with the actions (capture/input/action.h), and adds the facts of the answer. */
int worker_pool_input(struct worker_pool *pool, const char *verb, const struct strlist *actions, int timeout_ms,
                      struct strlist *facts, struct error *err);
/* Requests a minidump of the process. A worker makes it, since that stops whoever shares something with the dumped
   process. client: as for a picture. */
int worker_pool_dump(struct worker_pool *pool, uint64_t pid, struct os_socket *client, int timeout_ms,
                     struct buffer *list, struct error *err);
/* Restores the display as platform/display.h describes, and adds what was restored as facts. */
int worker_pool_restore_display(struct worker_pool *pool, int timeout_ms, struct strlist *facts, struct error *err);

/* Returns the names of this system's capture backends, separated by spaces. */
const char *worker_pool_backend_names(void);

#endif
