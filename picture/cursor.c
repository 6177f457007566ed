/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/cursor.h"

#define SIZE_MAX_PIXELS 4096 /* width or height of a pointer */

static bool is_valid_shape(const struct cursor_shape *shape)
{
    if (shape->width < 1 || shape->width > SIZE_MAX_PIXELS || shape->height < 1 || shape->height > SIZE_MAX_PIXELS)
        return false;
    uint64_t row = shape->kind == CURSOR_MONOCHROME ? (shape->width + 7) / 8 : (uint64_t)shape->width * 4;
    uint64_t rows = shape->kind == CURSOR_MONOCHROME ? (uint64_t)shape->height * 2 : shape->height;
    bool known = shape->kind == CURSOR_MONOCHROME || shape->kind == CURSOR_COLOUR || shape->kind == CURSOR_MASKED;
    return known && shape->bytes && shape->pitch >= row && shape->pitch * (rows - 1) + row <= shape->len;
}

static bool bit_at(const struct cursor_shape *shape, uint32_t x, uint32_t y)
{
    return shape->bytes[(size_t)y * shape->pitch + x / 8] >> (7 - x % 8) & 1;
}

static void mix_monochrome(uint8_t *rgb, const struct cursor_shape *shape, uint32_t x, uint32_t y)
{
    uint8_t kept = bit_at(shape, x, y) ? 0xff : 0, flipped = bit_at(shape, x, y + shape->height) ? 0xff : 0;
    for (int i = 0; i < 3; i++)
        rgb[i] = (uint8_t)((rgb[i] & kept) ^ flipped);
}

static void mix_colour(uint8_t *rgb, const uint8_t *bgra)
{
    for (int i = 0; i < 3; i++) /* rounded to the nearest */
        rgb[i] = (uint8_t)((bgra[2 - i] * bgra[3] + rgb[i] * (255 - bgra[3]) + 127) / 255);
}

static void mix_masked(uint8_t *rgb, const uint8_t *bgrm)
{
    for (int i = 0; i < 3; i++)
        rgb[i] = bgrm[3] ? rgb[i] ^ bgrm[2 - i] : bgrm[2 - i];
}

static void cursor_mix(uint8_t *rgb, const struct cursor_shape *shape, uint32_t x, uint32_t y)
{
    const uint8_t *pixel = shape->bytes + (size_t)y * shape->pitch + (size_t)x * 4;
    if (shape->kind == CURSOR_MONOCHROME)
        mix_monochrome(rgb, shape, x, y);
    else if (shape->kind == CURSOR_COLOUR)
        mix_colour(rgb, pixel);
    else
        mix_masked(rgb, pixel);
}

bool cursor_draw(const struct cursor_canvas *canvas, const struct cursor_shape *shape, int32_t x, int32_t y)
{
    if (!is_valid_shape(shape))
        return false;
    for (uint32_t row = 0; row < shape->height; row++) {
        int64_t to_y = (int64_t)y + row;
        for (uint32_t column = 0; column < shape->width && to_y >= 0 && to_y < canvas->height; column++) {
            int64_t to_x = (int64_t)x + column;
            if (to_x >= 0 && to_x < canvas->width)
                cursor_mix(canvas->rgb + ((size_t)to_y * canvas->width + (size_t)to_x) * 3, shape, column, row);
        }
    }
    return true;
}
