/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as the text of an XML 1.0 document in UTF-8. What such a text can't hold is shown, and counted:
 * bytes that are no UTF-8, U+FFFE and U+FFFF as U+FFFD; control characters as their pictures, U+2400 and up.
 * "\r\n" becomes "\n", which a parser would do anyway.
 */
#ifndef HOST_REPORT_XML_H
#define HOST_REPORT_XML_H

#include "base/buffer.h"

struct xml_shown {
    uint64_t invalid;  /* parts that are no UTF-8 */
    uint64_t controls; /* control characters */
};

void xml_text(struct buffer *out, struct slice text, struct xml_shown *shown); /* shown: added to; may be NULL */
void xml_attribute(struct buffer *out, const char *name, const char *value);   /* ` name="value"` */
size_t xml_text_size(struct slice text);                                       /* bytes that xml_text writes for it */

/* The start and the end of the text that together need at most `max` bytes as XML, in whole lines where lines are
   short; all of it, and an empty end, if it fits. Their data point into the text. */
void xml_cut(struct slice text, size_t max, struct slice *start, struct slice *end);

#endif
