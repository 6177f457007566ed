/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The child table. An exit status stays until it is forgotten, however often it is asked for. Any thread. */
#ifndef AGENT_CHILDREN_H
#define AGENT_CHILDREN_H

#include "base/buffer.h"
#include "platform/process.h"
#include "platform/socket.h"

#define CHILDREN_MAX 65536 /* records; starting one more is refused */

struct children;

struct children *children_new(struct error *err); /* once, before the first thread; lives as long as the process */
int children_start(struct children *children, const struct os_process_spec *spec, bool tracked, uint64_t *pid,
                   struct error *err);
/* Blocks until it exits (its status word in *status), the deadline (ERR_TIMEOUT), or the client hangs up
   (ERR_CLOSED; the record stays). What the child wrote to its redirections is on the disk when its status is told. */
int children_wait(struct children *children, uint64_t pid, struct os_socket *client, int64_t deadline_ms,
                  uint32_t *status, struct error *err);
int children_forget(struct children *children, uint64_t pid, struct error *err);
int children_kill(struct children *children, uint64_t pid, int grace_ms, struct strlist *killed, struct error *err);
/* What of it runs, as os_process_tree has it. */
int children_tree(struct children *children, uint64_t pid, struct os_process_info **tree, size_t *count,
                  struct error *err);
void children_count(struct children *children, unsigned *running, unsigned *exited);

/* For an upgrade: the table as text lines, and back. */
void children_save(struct children *children, struct buffer *out);
void children_restore(struct children *children, const char *line);

#endif
