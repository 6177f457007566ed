/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/memory.h"

#include <malloc.h>

#ifdef __GLIBC__ /* other C libraries return memory by themselves */

#define MMAP_THRESHOLD (128 * 1024) /* bytes: glibc's default, which grows up to 32 MiB unless it is set */
#define ARENAS_MAX 4                /* of glibc's heaps; by default there are 8 for each processor */

void os_memory_init(void)
{
    mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
    mallopt(M_ARENA_MAX, ARENAS_MAX);
}

void os_memory_trim(void)
{
    malloc_trim(0);
}

#else

void os_memory_init(void) {}

void os_memory_trim(void) {}

#endif
