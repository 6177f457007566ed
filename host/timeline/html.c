/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/timeline/html.h"

#include "base/sha256.h"
#include "host/report/xml.h"

void html_text(struct buffer *out, const void *bytes, size_t len)
{
    xml_text(out, (struct slice){bytes, len}, NULL);
}

void html_base64(struct buffer *out, const void *bytes, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *in = bytes;
    uint8_t *p = len > 0 ? buffer_extend(out, (len + 2) / 3 * 4) : NULL;
    for (size_t i = 0; p && i < len; i += 3) {
        uint32_t left = (uint32_t)(len - i);
        uint32_t three = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) | (left > 2 ? in[i + 2] : 0);
        *p++ = (uint8_t)digits[three >> 18];
        *p++ = (uint8_t)digits[three >> 12 & 63];
        *p++ = (uint8_t)(left > 1 ? digits[three >> 6 & 63] : '=');
        *p++ = (uint8_t)(left > 2 ? digits[three & 63] : '=');
    }
}

static uint8_t html_digit(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

void html_csp_hash(struct buffer *out, const void *bytes, size_t len)
{
    struct sha256 sum;
    char text[SHA256_TEXT_SIZE];
    uint8_t binary[SHA256_TEXT_SIZE / 2];
    sha256_init(&sum);
    sha256_add(&sum, bytes, len);
    sha256_text(&sum, text);
    for (size_t i = 0; i < sizeof binary; i++)
        binary[i] = (uint8_t)(html_digit(text[2 * i]) << 4 | html_digit(text[2 * i + 1]));
    buffer_printf(out, "'sha256-");
    html_base64(out, binary, sizeof binary);
    buffer_printf(out, "'");
}
