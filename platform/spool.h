/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file of the agent alone, without a name, read and written at any place by any thread. */
#ifndef PLATFORM_SPOOL_H
#define PLATFORM_SPOOL_H

#include "platform/file.h"
#include "platform/socket.h"

int os_spool_open(struct os_file **out, struct error *err);
void os_spool_empty(struct os_file *file); /* gives its memory or disk back */
/* Sends that part of it; otherwise as os_socket_send_file(). */
int os_socket_send_part(struct os_socket *socket, struct os_file *file, uint64_t offset, uint64_t len, int stall_ms,
                        struct error *err);
/* Reads up to max bytes there; 0 at the end. */
int os_file_read_at(struct os_file *file, uint64_t offset, void *bytes, size_t max, struct error *err);
int os_file_size(struct os_file *file, uint64_t *size, struct error *err);
/* Waits until the file may have changed, the deadline, or, returning false, until the client hangs up. */
bool os_file_await(struct os_file *file, struct os_socket *client, int64_t deadline_ms);

void os_spool_save(struct os_file *file, struct buffer *out); /* as os_pipe_save() */
int os_spool_adopt(struct os_file **out, const char *saved);
void os_spool_adopted(struct os_file *file);

#endif
