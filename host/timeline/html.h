/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pieces of a page: text of any bytes, which never becomes markup, and bytes in Base64. */
#ifndef HOST_TIMELINE_HTML_H
#define HOST_TIMELINE_HTML_H

#include "base/buffer.h"

/* Appends bytes as text, also of an attribute in double quotes: escaped, controls as their symbols, and what is no UTF-8 as
   U+FFFD. */
void html_text(struct buffer *out, const void *bytes, size_t len);
/* Appends RFC 4648's Base64, with padding. */
void html_base64(struct buffer *out, const void *bytes, size_t len);
/* Appends 'sha256-...' with its quotes, as a Content-Security-Policy names a script or style that is in the page. */
void html_csp_hash(struct buffer *out, const void *bytes, size_t len);

#endif
