/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pipes between the agent and its children. One thread, started with the first of them, reads what all write. */
#ifndef PLATFORM_PIPE_H
#define PLATFORM_PIPE_H

#include "base/buffer.h"
#include "base/error.h"
#include "platform/socket.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OS_PIPE_EMPTY INT_MIN /* there is nothing to read now; no error is set */

struct os_pipe;
/* Makes a pipe of which the child is to have one end: to read its input from, or to write its output to. */
int os_pipe_new(struct os_pipe **out, bool to_child, struct error *err);
/* Closes the child's end in this process, once the child has its own. */
void os_pipe_started(struct os_pipe *pipe);
void os_pipe_free(struct os_pipe *pipe); /* never one that is watched; accepts NULL */

enum os_pipe_next { OS_PIPE_AGAIN, OS_PIPE_PAUSE, OS_PIPE_DONE };
/* What the thread calls: ready() when there is something to read, or the end; after OS_PIPE_PAUSE not before
   os_pipe_resume(), after OS_PIPE_DONE never again, and the pipe is freed. tick() before each wait; it returns when it is
   to be called again at the latest. */
struct os_pipe_reader {
    enum os_pipe_next (*ready)(void *context);
    int64_t (*tick)(void);
};
/* Starts the thread; does nothing the next times. */
int os_pipes_start(const struct os_pipe_reader *reader, struct error *err);
int os_pipe_watch(struct os_pipe *pipe, void *context, struct error *err);
void os_pipe_resume(struct os_pipe *pipe); /* any thread */
void os_pipes_tick(void);                  /* has tick() called soon; any thread */

/* Moves up to max bytes to that place of the file; without a file they are dropped. For ready() alone. *got is how many
   were taken out of the pipe: with 0 returned, 0 at its end; with a failure they are lost. */
int os_pipe_move(struct os_pipe *pipe, struct os_file *file, uint64_t at, size_t max, size_t *got, struct error *err);

/* Writes all of it to the child, however long that takes; *done is how much was. ERR_CLOSED when the client hangs up,
   ERR_UNAVAILABLE when nobody reads any more. */
int os_pipe_write(struct os_pipe *pipe, const void *bytes, size_t len, struct os_socket *client, size_t *done,
                  struct error *err);

/* Gives up what was begun, for an upgrade: then each pipe is paused or ready() has said so. Until os_pipes_go_on() none
   begins anew. */
void os_pipes_quiet(void);
void os_pipes_go_on(void);
/* Hands a pipe over to the next executable, as os_process_save() does a process: text without spaces. An adopted one is
   kept for another try until os_pipe_adopted(). */
void os_pipe_save(struct os_pipe *pipe, struct buffer *out);
int os_pipe_adopt(struct os_pipe **out, const char *saved);
void os_pipe_adopted(struct os_pipe *pipe);

#endif
