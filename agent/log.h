/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent's log: the last LOG_SIZE bytes in memory, fetched as .periscope/log.txt. Any thread. Nobody who logs waits
   for who reads it. */
#ifndef AGENT_LOG_H
#define AGENT_LOG_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>

#define LOG_SIZE (128u * 1024u) /* bytes; older lines are dropped */
#define LOG_FLUSH_MS 500        /* for log_flush(): no longer, since whoever reads standard error may have stopped */

void log_init(bool to_stderr); /* once, before the first thread */
/* Starts the thread that writes the lines to standard error, if they are to go there. After os_process_watch(). */
int log_start(struct error *err);
/* Logs one line, with the UTC time in front. Control characters become '?'. A line that comes again soon is counted, and
   told once a while as "LINE (repeated N times in S s)": what is refused may be logged each time. */
void log_line(const char *format, ...) PRINTF_LIKE(1, 2);
/* Appends the lines that are kept, after a note of how many bytes were dropped, and the counts of repeated lines so
   far. */
void log_copy(struct buffer *out);
int log_save(const char *path, struct error *err); /* writes the same to a file, which is on the disk on return */
/* Waits until all lines are on standard error, or for that time: before the process ends or becomes another. */
void log_flush(int timeout_ms);

#endif
