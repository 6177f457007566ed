/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a process has 32 or 64 bits. Only for win32/. */
#ifndef WIN32_BITS_H
#define WIN32_BITS_H

#include <windows.h>

#define OWN_BITS ((int)sizeof(void *) * 8)

int process_bits(HANDLE process); /* 32 or 64; 0 when it can't be known */

#endif
