/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes any bytes as text of an XML 1.0 document in UTF-8. What such a text can't contain is replaced and counted:
 * invalid UTF-8, U+FFFE and U+FFFF by U+FFFD; control characters by their symbols, U+2400 and up.
 * "\r\n" becomes "\n", as a parser would make it.
 */
#ifndef HOST_REPORT_XML_H
#define HOST_REPORT_XML_H

#include "base/buffer.h"

struct xml_shown {
    uint64_t invalid;  /* sequences that are not UTF-8 */
    uint64_t controls; /* control characters */
};

/* Appends the text, and adds to the counts of *shown, which may be NULL. */
void xml_text(struct buffer *out, struct slice text, struct xml_shown *shown);
/* Appends ` name="value"`. */
void xml_attribute(struct buffer *out, const char *name, const char *value);
/* Returns how many bytes xml_text writes for the text. */
size_t xml_text_size(struct slice text);

/* Finds a start and an end of the text that together need at most `max` bytes as XML, cut between lines where lines are
   short. A text that fits is *start as a whole, and *end is empty. Both point into the text. */
void xml_cut(struct slice text, size_t max, struct slice *start, struct slice *end);

#endif
