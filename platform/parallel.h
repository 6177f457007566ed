/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Work cut into pieces that the processors share, and whose results are needed in order. */
#ifndef PLATFORM_PARALLEL_H
#define PLATFORM_PARALLEL_H

#include <stddef.h>

#define OS_PARALLEL_MAX 16 /* threads, the caller's included */

struct os_work {
    void (*work)(void *context, unsigned lane, size_t index);
    void (*finish)(void *context, unsigned lane, size_t index);
    void *context; /* borrowed */
};

/* Returns how many lanes are of use to `count` pieces: as many as `threads` (0: one a processor), and from 1 to
   OS_PARALLEL_MAX. */
unsigned os_parallel_lanes(unsigned threads, size_t count);

/* Calls work(context, lane, index) once for each index below count, from up to `lanes` threads, and returns when all are
   done. A lane does one piece at a time, so what belongs to it is no other's. When a piece is done its lane calls
   finish(context, lane, index): in the order of the indices, never two at once, and while others work. The caller's thread
   is a lane, so a thread that can't be started only makes it slower. Stacks are small (256 KiB). */
void os_parallel(unsigned lanes, size_t count, const struct os_work *work);

#endif
