/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent's log: the last LOG_SIZE bytes in memory, fetched as .periscope/log.txt. Any thread. */
#ifndef AGENT_LOG_H
#define AGENT_LOG_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>

#define LOG_SIZE (128u * 1024u) /* bytes; older lines are dropped */

void log_init(bool to_stderr); /* once, before the first thread */
/* Logs one line, with the UTC time in front. Control characters become '?'. */
void log_line(const char *format, ...) PRINTF_LIKE(1, 2);
/* Appends the lines that are kept, after a note of how many bytes were dropped. */
void log_copy(struct buffer *out);
int log_save(const char *path, struct error *err); /* writes the same to a file, which is on the disk on return */

#endif
