/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes, as the files in /proc describe them. Every path is under `root`, which is "" except in tests. */
#ifndef CAPTURE_X11_SERVER_PROC_H
#define CAPTURE_X11_SERVER_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define X11_PROCESS_NAME_SIZE 16 /* TASK_COMM_LEN */

/* Reads up to size - 1 bytes of a file and appends a NUL. Never blocks on a FIFO. Returns their number, or -1 with
   errno set. */
ssize_t x11_read_file(const char *path, char *text, size_t size);
/* The same for a file whose content the process can withhold, as its command line: a thread of its own reads it. Returns -1
   with ETIMEDOUT when that takes too long. */
ssize_t x11_read_process_file(const char *path, char *text, size_t size);
/* Formats a path. Returns false when it does not fit. */
bool x11_path(char *path, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Reads the name of a process: from /proc/PID/comm, where that is there, which takes the kernel a fifth of the time of
   /proc/PID/stat. */
bool x11_process_name(const char *root, pid_t pid, char name[X11_PROCESS_NAME_SIZE]);
/* Reads the name and the state letter of /proc/PID/stat, proc(5). Returns false when there is no such process. */
bool x11_process_stat(const char *root, pid_t pid, char name[X11_PROCESS_NAME_SIZE], char *state);
/* Calls `look` with the target of each file that a process has open, until it returns true. Returns false when they can't be
   read. */
bool x11_each_file(const char *root, pid_t pid, bool (*look)(const char *target, void *context), void *context);
/* Returns the number that a text consists of, or -1. */
long x11_parse_number(const char *text);

/* Writes "X server :0 does not answer (process 1234 Xorg, stopped)": what is known of a server without asking it. Calls
   nothing that blocks or allocates. */
void x11_describe_silence(char *text, size_t size, unsigned number, pid_t pid);

#endif
