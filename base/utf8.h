/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UTF-8 in bytes from outside. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_INVALID UINT32_MAX

/* Decodes the first character at p into *code and returns its length in bytes, from 1 to left. left is at least 1. In
   an ill-formed sequence *code is UTF8_INVALID and the length is that of its longest part: one replacement character
   for each such part is what the Unicode standard recommends (15.0, section 3.9) and what browsers and Python's
   errors="replace" do. */
size_t utf8_next(const uint8_t *p, size_t left, uint32_t *code);

/* Returns whether a text is UTF-8 throughout. */
bool utf8_valid(const char *text);

/* Returns whether a terminal shows the character: no control, no line separator, no mark that turns the direction of the
   text or that is invisible. */
bool utf8_is_printable(uint32_t code);

/* Makes a text one line of UTF-8 that is safe on a terminal: what is not printable or ill-formed becomes '?'. The text
   never gets longer. */
void utf8_make_printable(char *text);

#endif
