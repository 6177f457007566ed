/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/field.h"

#include "base/utf8.h"

static void append_escaped(struct buffer *out, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        buffer_printf(out, "\\x%02x", p[i]);
}

/* Appends one character of len bytes, escaped where needed. */
static void append_character(struct buffer *out, const uint8_t *p, size_t len)
{
    if (p[0] == '\\')
        buffer_append(out, "\\\\", 2);
    else if (p[0] == '\t')
        buffer_append(out, "\\t", 2);
    else if (p[0] == '\n')
        buffer_append(out, "\\n", 2);
    else if (p[0] == '\r')
        buffer_append(out, "\\r", 2);
    else if (p[0] < 0x20 || p[0] == 0x7f)
        append_escaped(out, p, 1);
    else
        buffer_append(out, p, len);
}

void field_append(struct buffer *out, const char *text, size_t len)
{
    const uint8_t *p = (const uint8_t *)text;
    while (len > 0) {
        uint32_t code;
        size_t taken = utf8_next(p, len, &code);
        if (code == UTF8_INVALID)
            append_escaped(out, p, taken);
        else
            append_character(out, p, taken);
        p += taken;
        len -= taken;
    }
}

void field_append_latin1(struct buffer *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)text[i];
        uint8_t pair[2] = {(uint8_t)(0xc0 | byte >> 6), (uint8_t)(0x80 | (byte & 0x3f))};
        if (byte < 0x80)
            append_character(out, &byte, 1);
        else
            append_character(out, pair, 2);
    }
}
