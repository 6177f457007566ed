/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is read or written once, from its beginning to its end: a standard stream, a pipe, a terminal, a file whose size
   is not known before. A stream is a descriptor of the C library. Error texts are the OS's reason alone. */
#ifndef PLATFORM_STREAM_H
#define PLATFORM_STREAM_H

#include "base/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OS_STREAM_INPUT 0
#define OS_STREAM_OUTPUT 1
#define OS_STREAM_ERROR 2
#define OS_STREAM_NONE (-1)   /* it is a file: with a size, or to be replaced */
#define OS_STREAM_CLOSED (-2) /* it is to be opened */

/* Opens those of the three standard streams that are closed, so that their use fails, and that no file or connection
   gets their numbers. The first call of a program. */
void os_stream_open_standard(void);

/* How long a call may wait. */
struct os_patience {
    int64_t deadline_ms;     /* OS_FOREVER: no deadline */
    const atomic_bool *stop; /* once it is true a wait ends soon; NULL: nothing ends it */
};

/* Waits where the stream does not block but can't go on. ERR_TIMEOUT at the deadline, ERR_UNAVAILABLE when stopped.
   Returns the number of bytes, 0 at the end. */
int os_stream_read(int stream, void *bytes, size_t max, const struct os_patience *patience, struct error *err);
/* Writes all of it. */
int os_stream_write(int stream, const void *bytes, size_t len, const struct os_patience *patience, struct error *err);

/* Determines from where a path's content is read: OS_STREAM_NONE for a file with a size; an open descriptor of this
   process, to which /dev/stdin leads; or OS_STREAM_CLOSED. Refuses folders and what does not exist. */
int os_stream_source(const char *path, int *stream, struct error *err);
/* Determines to where a path's content is written: OS_STREAM_NONE for a name that is free or a file's; an open
   descriptor; or OS_STREAM_CLOSED for a pipe or a device that takes characters. Refuses all else, behind a link too. */
int os_stream_target(const char *path, int *stream, struct error *err);
/* The owner closes it with os_stream_close(). The second waits for a reader of the pipe. */
int os_stream_open_source(int *stream, const char *path, struct error *err);
int os_stream_open_target(int *stream, const char *path, const struct os_patience *patience, struct error *err);
int os_stream_close(int stream, struct error *err);
bool os_stream_is_terminal(int stream);

#endif
