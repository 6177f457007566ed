/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* execvp(3) for the child of a process with threads: that one takes as much of the stack as a command line has arguments.
   Only for linux/. */
#ifndef LINUX_PROCESS_PROGRAM_H
#define LINUX_PROCESS_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

struct program {
    char *const *argv, *const *env; /* borrowed */
    const char *search;             /* borrowed from env: its PATH, or the usual one */
    char *path;                     /* owned: room for a name that is tried */
    size_t path_size;
    char **script; /* owned: the command line of the shell that runs a script without #! */
};

bool program_init(struct program *program, const char *const *argv, char *const *env); /* false without memory */
void program_deinit(struct program *program);
/* Becomes the program, where only system calls are safe. Returns only on failure: the errno. */
int program_exec(const struct program *program);

#endif
