/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UTF-8 is what the project speaks, UTF-16 what Windows does. Only for win32/ and the Windows capture backends. */
#ifndef WIN32_TEXT_H
#define WIN32_TEXT_H

#include "base/error.h"

#include <wchar.h>

/* Converts to a new text, owned by the caller (free()). The error's text is the reason alone. */
int utf16_from(wchar_t **out, const char *utf8, struct error *err);
/* Returns a new text, or NULL without memory. Half a surrogate pair becomes U+FFFD. */
char *utf8_from(const wchar_t *utf16);
/* Converts into a caller's storage; what does not fit is cut at a character. */
void utf8_copy(char *out, size_t size, const wchar_t *utf16);

#endif
