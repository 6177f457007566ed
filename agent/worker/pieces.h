/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A worker's answer whose picture leaves while it is encoded: the facts, the file in pieces, the late facts, and `u` entries
 * up to the number of entries that had to be told before. A failure in the middle is one `e` entry, and then `u` ones.
 *
 * The functions lock, since several threads encode and the watchdog's may end the answer. They return what
 * os_worker_pipe_write() does, or ERR_NO_MEMORY.
 */
#ifndef AGENT_WORKER_PIECES_H
#define AGENT_WORKER_PIECES_H

#include "base/buffer.h"
#include "capture/capture.h"
#include "platform/thread.h"
#include "platform/worker_pipe.h"

#define PIECES_LEAST (64u << 10) /* bytes of one, but for the last: each wakes the agent and the host */

struct pieces {
    struct picture_sink sink;    /* where the capturer sends to */
    struct os_worker_pipe *pipe; /* borrowed */
    struct buffer *gathered;     /* borrowed: of the next piece */
    struct os_mutex *lock;       /* guards what follows, and the writing */
    size_t told;                 /* facts that have left */
    uint32_t left;               /* entries that are still to come; 0: no answer has begun */
};

/* Prepares for answers to that pipe. gathered: an empty buffer that nobody else uses between sink.begin and the end. */
void pieces_init(struct pieces *pieces, struct os_worker_pipe *pipe, struct buffer *gathered);
/* Whether an answer has begun, which pieces_end() or pieces_fail() must end. */
bool pieces_begun(struct pieces *pieces);
/* Ends it with the facts behind those that have left. */
int pieces_end(struct pieces *pieces, const struct strlist *facts, struct error *err);
/* Ends it with the reason why there is no picture. */
int pieces_fail(struct pieces *pieces, const char *reason, struct error *err);

#endif
