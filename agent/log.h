/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent's log: the last LOG_SIZE bytes in memory, fetched as .periscope/log.txt. Any thread. */
#ifndef AGENT_LOG_H
#define AGENT_LOG_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>

#define LOG_SIZE (128u * 1024u) /* bytes; older lines make room */

void log_init(bool to_stderr); /* once, before the first thread */
/* One line, UTC time in front; control characters become '?'. */
void log_line(const char *format, ...) PRINTF_LIKE(1, 2);
/* Appends what is kept, whole lines, and says how many bytes are gone. */
void log_copy(struct buffer *out);
int log_save(const char *path, struct error *err); /* the same into a file, on the disk when it returns */

#endif
