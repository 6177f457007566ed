/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes from elsewhere, read as UTF-8. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define UTF8_INVALID UINT32_MAX

/* The number of bytes, 1 to left, of the first character at p, and *code it; or of the longest part of one that is
   ill-formed, and *code is UTF8_INVALID: one replacement character for each part is what the Unicode standard
   recommends (15.0, section 3.9) and what browsers and Python's errors="replace" do. left is at least 1. */
size_t utf8_next(const uint8_t *p, size_t left, uint32_t *code);

/* One line of UTF-8 that does nothing to a terminal: each control character and ill-formed part becomes '?'. It never
   gets longer. */
void utf8_make_printable(char *text);

#endif
