/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Work cut into pieces that the processors share. */
#ifndef PLATFORM_PARALLEL_H
#define PLATFORM_PARALLEL_H

#include <stddef.h>

#define OS_PARALLEL_MAX 16 /* threads, the caller's included */

/* Calls work(context, index) once for each index below count, from up to `threads` threads (0: one a processor), and
   returns when all are done. The caller's thread takes its share, so a thread that can't be started only makes it
   slower. The order is not defined; stacks are small (256 KiB). */
void os_parallel(unsigned threads, size_t count, void (*work)(void *context, size_t index), void *context);

#endif
