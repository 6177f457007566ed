/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/crc.h"

#include <zlib.h>

#define BLOCK 256 /* pixels that are widened at a time */

static uint8_t *crc_put_color(uint8_t *to, const struct color *color)
{
    to[0] = to[1] = 0xff;
    to[2] = (uint8_t)color->red, to[3] = (uint8_t)(color->red >> 8);
    to[4] = (uint8_t)color->green, to[5] = (uint8_t)(color->green >> 8);
    to[6] = (uint8_t)color->blue, to[7] = (uint8_t)(color->blue >> 8);
    return to + 8;
}

uint32_t picture_crc_add(uint32_t crc, const struct color *row, uint32_t width)
{
    uint8_t wide[BLOCK * 8], *to = wide;
    uLong inverted = (uint32_t)~crc;
    for (uint32_t x = 0; x < width; x++) {
        to = crc_put_color(to, &row[x]);
        if (to < wide + sizeof wide && x + 1 < width)
            continue;
        inverted = crc32(inverted, wide, (uInt)(to - wide));
        to = wide;
    }
    return ~(uint32_t)inverted;
}

static uint32_t crc_widen(uint8_t *wide, const uint8_t *pixels, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++, wide += 8, pixels += 3) {
        wide[0] = wide[1] = 0xff;
        wide[2] = wide[3] = pixels[0];
        wide[4] = wide[5] = pixels[1];
        wide[6] = wide[7] = pixels[2];
    }
    return count * 8;
}

/* zlib inverts the value before and after, so that starting with all bits set begins with 0. */
uint32_t picture_crc(const struct image_view *image)
{
    uint8_t wide[BLOCK * 8];
    uLong crc = 0xffffffff;
    for (uint32_t y = 0; y < image->height; y++) {
        const uint8_t *row = image->pixels + (size_t)y * image->stride;
        for (uint32_t x = 0; x < image->width; x += BLOCK) {
            uint32_t count = image->width - x < BLOCK ? image->width - x : BLOCK;
            crc = crc32(crc, wide, crc_widen(wide, row + (size_t)x * 3, count));
        }
    }
    return ~(uint32_t)crc;
}
