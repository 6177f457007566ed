/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* printf() formats have their C meaning, with %zu and %llu, on every OS. Where the compiler's "printf" archetype means
   the formats of another C library, the build names the archetype to check against. */
#ifndef BASE_FORMAT_H
#define BASE_FORMAT_H

#ifndef PRINTF_ARCHETYPE
#define PRINTF_ARCHETYPE printf
#endif

#define PRINTF_LIKE(format_index, first_index) __attribute__((format(PRINTF_ARCHETYPE, format_index, first_index)))

#endif
