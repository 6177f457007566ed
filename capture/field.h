/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text of a window's program as a field of a line. */
#ifndef CAPTURE_FIELD_H
#define CAPTURE_FIELD_H

#include "base/buffer.h"

/* Appends it as UTF-8: a backslash as \\, tab, newline and carriage return as \t, \n and \r, other control characters
   and bytes that are not UTF-8 as \xHH. */
void field_append(struct buffer *out, const char *text, size_t len);
/* The same for text in ISO 8859-1. */
void field_append_latin1(struct buffer *out, const char *text, size_t len);

#endif
