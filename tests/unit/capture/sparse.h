/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory as large as a picture of the largest screen, of which only the pages that are touched exist. */
#ifndef TESTS_UNIT_CAPTURE_SPARSE_H
#define TESTS_UNIT_CAPTURE_SPARSE_H

#include <stddef.h>
#include <sys/mman.h>

#define SPARSE_SIDE 32767 /* pixels: an X screen has no more in a direction */

/* Returns zeroed memory, or NULL where there is no address space for it. */
static inline void *sparse_map(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static inline void sparse_unmap(void *memory, size_t size)
{
    if (memory)
        munmap(memory, size);
}

#endif
