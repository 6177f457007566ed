/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/report/xml.h"

#include "base/utf8.h"

#include <string.h>

#define LINE_SEARCH 1024 /* bytes that may be dropped to cut between lines */

enum shown { SHOWN_AS_IT_IS, SHOWN_INVALID, SHOWN_CONTROL };

struct piece { /* what one character is written as */
    const char *bytes;
    size_t len;
    char store[4];
    enum shown shown;
};

static void piece_set_text(struct piece *piece, const char *text)
{
    piece->bytes = text;
    piece->len = strlen(text);
}

/* Sets the symbol of a control character: U+2400 to U+2421 stand for U+0000 to U+0020 and U+007F. */
static void piece_set_picture(struct piece *piece, uint32_t code)
{
    uint32_t shown = 0x2400 + (code == 0x7f ? 0x21 : code);
    piece->store[0] = (char)(0xe0 | shown >> 12);
    piece->store[1] = (char)(0x80 | (shown >> 6 & 0x3f));
    piece->store[2] = (char)(0x80 | (shown & 0x3f));
    piece->bytes = piece->store;
    piece->len = 3;
    piece->shown = SHOWN_CONTROL;
}

static void piece_convert(struct piece *piece, uint32_t code, const uint8_t *p, size_t len)
{
    piece->shown = SHOWN_AS_IT_IS;
    if (code == '&') {
        piece_set_text(piece, "&amp;");
    } else if (code == '<') {
        piece_set_text(piece, "&lt;");
    } else if (code == '>') {
        piece_set_text(piece, "&gt;");
    } else if (code == '"') {
        piece_set_text(piece, "&quot;");
    } else if (code == 0x7f || (code < 0x20 && code != '\n' && code != '\t')) {
        piece_set_picture(piece, code);
    } else if (code == UTF8_INVALID || code == 0xfffe || code == 0xffff) {
        piece_set_text(piece, "\xef\xbf\xbd");
        piece->shown = SHOWN_INVALID;
    } else {
        piece->bytes = (const char *)p;
        piece->len = len;
    }
}

/* Takes the character at *at and advances *at past it. Returns false at the end. */
static bool piece_next(struct slice text, size_t *at, struct piece *piece)
{
    uint32_t code;
    if (*at < text.len && text.data[*at] == '\r' && *at + 1 < text.len && text.data[*at + 1] == '\n')
        ++*at;
    if (*at >= text.len)
        return false;
    const uint8_t *p = text.data + *at;
    size_t len = utf8_next(p, text.len - *at, &code);
    *at += len;
    piece_convert(piece, code, p, len);
    return true;
}

void xml_text(struct buffer *out, struct slice text, struct xml_shown *shown)
{
    struct piece piece;
    for (size_t at = 0; piece_next(text, &at, &piece);) {
        buffer_append(out, piece.bytes, piece.len);
        if (shown && piece.shown == SHOWN_INVALID)
            shown->invalid++;
        else if (shown && piece.shown == SHOWN_CONTROL)
            shown->controls++;
    }
}

void xml_attribute(struct buffer *out, const char *name, const char *value)
{
    buffer_printf(out, " %s=\"", name);
    xml_text(out, (struct slice){(const uint8_t *)value, strlen(value)}, NULL);
    buffer_append(out, "\"", 1);
}

size_t xml_text_size(struct slice text)
{
    struct piece piece;
    size_t size = 0;
    for (size_t at = 0; piece_next(text, &at, &piece);)
        size += piece.len;
    return size;
}

/* Returns the last line boundary up to `at`, or `at` if none is near. */
static size_t xml_line_end_before(struct slice text, size_t at)
{
    for (size_t i = at; i > 0 && at - i < LINE_SEARCH; i--)
        if (text.data[i - 1] == '\n')
            return i;
    return at;
}

static size_t xml_line_start_after(struct slice text, size_t at)
{
    for (size_t i = at; i < text.len && i - at < LINE_SEARCH; i++)
        if (i > 0 && text.data[i - 1] == '\n')
            return i;
    return at;
}

/* Returns how many bytes from the front need at most `max` as XML. */
static size_t xml_front_within(struct slice text, size_t max)
{
    struct piece piece;
    size_t size = 0, within = 0;
    for (size_t at = 0; piece_next(text, &at, &piece); within = at) {
        size += piece.len;
        if (size > max)
            break;
    }
    return within;
}

/* Returns the first position from `from` on behind which the rest needs at most `max` as XML. */
static size_t xml_back_within(struct slice text, size_t from, size_t max)
{
    struct piece piece;
    struct slice back = {text.data + from, text.len - from};
    size_t size = xml_text_size(back), at = 0;
    while (size > max && piece_next(back, &at, &piece))
        size -= piece.len;
    return from + at;
}

void xml_cut(struct slice text, size_t max, struct slice *start, struct slice *end)
{
    *start = text;
    *end = (struct slice){text.data + text.len, 0};
    /* At best two bytes, "\r\n", become one: this bounds how much of a long text must be examined. */
    if (text.len / 2 <= max && xml_text_size(text) <= max)
        return;
    size_t head = xml_front_within(text, max / 2), from = text.len > max ? text.len - max : 0;
    while (from > 0 && from < text.len && (text.data[from] & 0xc0) == 0x80)
        from++;
    size_t tail = xml_back_within(text, from > head ? from : head, max / 2);
    head = xml_line_end_before(text, head);
    tail = xml_line_start_after(text, tail);
    *start = (struct slice){text.data, head};
    *end = (struct slice){text.data + tail, text.len - tail};
}
