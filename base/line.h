/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A text of any bytes, such as the name of a file, as a part of one line. */
#ifndef BASE_LINE_H
#define BASE_LINE_H

#include "base/buffer.h"

/* Appends the text with no newline in it: that becomes the bytes 1 and 'n', and a byte 1 becomes 1 and '1'. All other texts
   stay as they are. */
void line_append(struct buffer *out, const char *text);
/* Turns all that a line has of such texts back, in its own place. */
void line_restore(char *line);

#endif
