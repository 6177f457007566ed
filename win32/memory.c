/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Windows' heap takes large blocks directly from the system, and returns them when they are freed. The C library may have
   a heap of its own beside the process's. */
#include "platform/memory.h"

#include <malloc.h>

void os_memory_init(void) {}

void os_memory_trim(void)
{
    _heapmin();
}
