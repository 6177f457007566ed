/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decimal numbers in text from outside: digits only, no blank, no sign, no overflow. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* Parses the digits at *text and moves *text past them. Returns false, and moves nothing, when there are no digits or
   their value exceeds max. */
bool number_take(const char **text, uint64_t max, uint64_t *value);

#endif
