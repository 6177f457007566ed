/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Moments as RFC 3339 text in UTC, computed here: the C libraries differ in years, in thread safety and in the size of
   time_t. */
#ifndef BASE_TIMESTAMP_H
#define BASE_TIMESTAMP_H

#include <stdint.h>

#define TIMESTAMP_SIZE 56 /* bytes with the NUL, whatever the year */

/* "2024-02-29T23:59:59.123Z" of milliseconds since 1970 UTC; before that too. */
void timestamp_text(char text[TIMESTAMP_SIZE], int64_t ms);

#endif
