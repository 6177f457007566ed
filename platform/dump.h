/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a process is doing, for a debugger. */
#ifndef PLATFORM_DUMP_H
#define PLATFORM_DUMP_H

#include "base/buffer.h"
#include "base/error.h"

/* Writes a minidump with the threads' registers and stacks and the modules. The process is stopped meanwhile. The call
   may hang: only for worker processes. ERR_UNAVAILABLE where the system has no such thing. */
int os_process_dump(uint64_t pid, struct buffer *out, struct error *err);

/* Writes the same to standard output, which must be a file: what the executable does with this argument and a process id.
   For an agent of other bits than the process has. */
#define OS_DUMP_ARGUMENT "--dump"
int os_process_dump_to_output(uint64_t pid, struct error *err);

#endif
