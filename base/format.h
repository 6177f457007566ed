/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* printf() formats mean what C says they mean, with %zu and %llu, on every OS. Where the compiler's "printf" means
   another's, the build names the one that it is to check them as. */
#ifndef BASE_FORMAT_H
#define BASE_FORMAT_H

#ifndef PRINTF_ARCHETYPE
#define PRINTF_ARCHETYPE printf
#endif

#define PRINTF_LIKE(format_index, first_index) __attribute__((format(PRINTF_ARCHETYPE, format_index, first_index)))

#endif
