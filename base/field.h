/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text from outside, such as of a window or a process, as one field of a line. */
#ifndef BASE_FIELD_H
#define BASE_FIELD_H

#include "base/buffer.h"

/* Appends the text as UTF-8. A backslash becomes \\; tab, newline and carriage return become \t, \n and \r; other
   control characters and bytes that are not UTF-8 become \xHH. */
void field_append(struct buffer *out, const char *text, size_t len);
/* Does the same for text in ISO 8859-1. */
void field_append_latin1(struct buffer *out, const char *text, size_t len);

#endif
