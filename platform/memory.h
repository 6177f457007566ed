/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the C library's allocator deals with the system's memory. */
#ifndef PLATFORM_MEMORY_H
#define PLATFORM_MEMORY_H

/* Lets large blocks go back to the system as soon as they are freed, and bounds what many threads keep. Called once,
   before any thread is started. */
void os_memory_init(void);
/* Returns what was freed in small blocks. Takes milliseconds: for after much was freed. */
void os_memory_trim(void);

#endif
