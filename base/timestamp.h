/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times as RFC 3339 text in UTC. They are computed here, since C libraries differ in the range of years, in thread
   safety and in the size of time_t. */
#ifndef BASE_TIMESTAMP_H
#define BASE_TIMESTAMP_H

#include <stdint.h>

#define TIMESTAMP_SIZE 56 /* bytes with the NUL, whatever the year */

/* Writes a time in milliseconds since 1970 UTC, which may be negative, as "2024-02-29T23:59:59.123Z". */
void timestamp_text(char text[TIMESTAMP_SIZE], int64_t ms);

#endif
