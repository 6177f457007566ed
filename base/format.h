/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* printf() formats mean what C says they mean, with %zu and %llu, on every OS. mingw's headers bring a printf() that
   does, and a word to have its formats checked so; "printf" alone would be checked against msvcrt's. */
#ifndef BASE_FORMAT_H
#define BASE_FORMAT_H

#include <stdio.h>

#ifdef __MINGW_PRINTF_FORMAT
#define PRINTF_LIKE(format_index, first_index) __attribute__((format(__MINGW_PRINTF_FORMAT, format_index, first_index)))
#else
#define PRINTF_LIKE(format_index, first_index) __attribute__((format(printf, format_index, first_index)))
#endif

#endif
