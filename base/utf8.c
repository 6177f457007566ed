/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/utf8.h"

#include <string.h>

/* Unicode 15.0, table 3-7: the range of the second byte excludes overlong forms, surrogates and values beyond U+10FFFF.
   The bytes after it are 80 to BF. */
static const struct lead {
    uint8_t first, last;             /* the lead byte */
    uint8_t len;                     /* of the whole character */
    uint8_t second_low, second_high; /* the byte after it */
} leads[] = {
    {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf}, {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f},
    {0xee, 0xef, 3, 0x80, 0xbf}, {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

static const struct lead *lead_of(uint8_t byte)
{
    for (size_t i = 0; i < sizeof leads / sizeof *leads; i++)
        if (byte >= leads[i].first && byte <= leads[i].last)
            return &leads[i];
    return NULL;
}

size_t utf8_next(const uint8_t *p, size_t left, uint32_t *code)
{
    *code = p[0];
    if (p[0] < 0x80)
        return 1;
    *code = UTF8_INVALID;
    const struct lead *lead = lead_of(p[0]);
    if (!lead || left < 2 || p[1] < lead->second_low || p[1] > lead->second_high)
        return 1;
    uint32_t value = p[0] & (0x7fu >> lead->len);
    value = value << 6 | (p[1] & 0x3f);
    size_t part = 2;
    for (; part < lead->len && part < left && (p[part] & 0xc0) == 0x80; part++)
        value = value << 6 | (p[part] & 0x3f);
    if (part == lead->len)
        *code = value;
    return part;
}

/* What is no picture on a terminal but an order to it, or nothing at all: Unicode 15.0, the categories Cc, Cf, Zl and Zp
   as far as they control lines, the direction of text, or are invisible. */
static const struct range {
    uint32_t first, last;
} unprintable[] = {
    {0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad}, {0x061c, 0x061c}, {0x180e, 0x180e},   {0x200b, 0x200f},
    {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
};

bool utf8_is_printable(uint32_t code)
{
    for (size_t i = 0; i < sizeof unprintable / sizeof *unprintable; i++)
        if (code >= unprintable[i].first && code <= unprintable[i].last)
            return false;
    return code != UTF8_INVALID;
}

bool utf8_valid(const char *text)
{
    uint32_t code = 0;
    for (size_t left = strlen(text), step; left > 0 && code != UTF8_INVALID; text += step, left -= step)
        step = utf8_next((const uint8_t *)text, left, &code);
    return code != UTF8_INVALID;
}

void utf8_make_printable(char *text)
{
    size_t left = strlen(text), len;
    uint32_t code;
    char *to = text;
    for (const char *from = text; left > 0; from += len, left -= len) {
        len = utf8_next((const uint8_t *)from, left, &code);
        if (utf8_is_printable(code)) {
            memmove(to, from, len);
            to += len;
        } else {
            *to++ = '?';
        }
    }
    *to = '\0';
}
