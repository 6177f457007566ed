/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Windows' heap takes large blocks directly from the system, and returns them when they are freed. */
#include "platform/memory.h"

#include <windows.h>

void os_memory_init(void) {}

void os_memory_trim(void)
{
    HeapCompact(GetProcessHeap(), 0);
}
