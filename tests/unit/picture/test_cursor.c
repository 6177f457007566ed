/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pointers drawn into a picture, against pixels by hand. */
#include "picture/cursor.h"
#include "tests/unit/check.h"

/* On each of black, white and grey: AND and XOR by hand. */
static void test_shapes(void)
{
    static const uint8_t monochrome[] = {0x30, 0x50}; /* AND 0011, XOR 0101: black, white, as it is, inverted */
    static const uint8_t masked[] = {1, 2, 3, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0xff};
    static const uint8_t colour[] = {10, 20, 30, 255, 200, 100, 0, 0, 255, 255, 255, 51};
    uint8_t rgb[5 * 3];
    struct cursor_canvas canvas = {rgb, 5, 1};
    memset(rgb, 0x40, sizeof rgb);
    CHECK(cursor_draw(&canvas, &(struct cursor_shape){CURSOR_MONOCHROME, 4, 1, 1, monochrome, 2}, 1, 0));
    CHECK(memcmp(rgb, "\x40\x40\x40\0\0\0\xff\xff\xff\x40\x40\x40\xbf\xbf\xbf", 15) == 0);
    memset(rgb, 0x40, sizeof rgb);
    CHECK(cursor_draw(&canvas, &(struct cursor_shape){CURSOR_MASKED, 3, 1, 12, masked, 12}, 0, 0));
    CHECK(memcmp(rgb, "\3\2\1\xbf\xbf\xbf\x40\x40\x40\x40\x40\x40", 12) == 0);
    memset(rgb, 0x40, sizeof rgb);
    CHECK(cursor_draw(&canvas, &(struct cursor_shape){CURSOR_COLOUR, 3, 1, 12, colour, 12}, 0, 0));
    CHECK(memcmp(rgb, "\x1e\x14\x0a\x40\x40\x40\x66\x66\x66\x40", 10) == 0); /* a fifth of 255, the rest of 64 */
    memset(rgb, 0x40, sizeof rgb);
    CHECK(cursor_draw(&canvas, &(struct cursor_shape){CURSOR_MASKED, 3, 1, 12, masked, 12}, -1, 0)); /* cut off */
    CHECK(memcmp(rgb, "\xbf\xbf\xbf\x40\x40\x40", 6) == 0);
    CHECK(cursor_draw(&canvas, &(struct cursor_shape){CURSOR_MASKED, 3, 1, 12, masked, 12}, 9, -7));
    CHECK(!cursor_draw(&canvas, &(struct cursor_shape){CURSOR_MASKED, 3, 1, 12, masked, 11}, 0, 0));
    CHECK(!cursor_draw(&canvas, &(struct cursor_shape){CURSOR_MASKED, 3, 1, 8, masked, 12}, 0, 0));
    CHECK(!cursor_draw(&canvas, &(struct cursor_shape){(enum cursor_kind)3, 3, 1, 12, masked, 12}, 0, 0));
    CHECK(!cursor_draw(&canvas, &(struct cursor_shape){CURSOR_MONOCHROME, 4, 1, 1, monochrome, 1}, 0, 0));
}

/* Two rows and a canvas of two: masks in the order AND, AND, XOR, XOR, with a byte of padding in each row. */
static void test_tall_monochrome(void)
{
    static const uint8_t masks[] = {0x00, 0xee, 0xff, 0xee, 0xff, 0xee, 0x00, 0xee};
    uint8_t rgb[2 * 2 * 3];
    struct cursor_canvas canvas = {rgb, 2, 2};
    memset(rgb, 0x40, sizeof rgb);
    CHECK(cursor_draw(&canvas, &(struct cursor_shape){CURSOR_MONOCHROME, 2, 2, 2, masks, 8}, 0, 0));
    CHECK(memcmp(rgb, "\xff\xff\xff\xff\xff\xff\x40\x40\x40\x40\x40\x40", 12) == 0); /* white; as it is */
    CHECK(cursor_draw(&canvas, &(struct cursor_shape){CURSOR_MONOCHROME, 2, 2, 2, masks, 7}, 0, 0));
    CHECK(!cursor_draw(&canvas, &(struct cursor_shape){CURSOR_MONOCHROME, 2, 2, 2, masks, 6}, 0, 0));
}

/* Columns of the second byte of a mask, and nothing beside the pointer. */
static void test_wide_monochrome(void)
{
    static const uint8_t masks[] = {0xff, 0x7f, 0x00, 0x80};
    uint8_t rgb[10 * 3];
    struct cursor_canvas canvas = {rgb, 10, 1};
    memset(rgb, 0x40, sizeof rgb);
    CHECK(cursor_draw(&canvas, &(struct cursor_shape){CURSOR_MONOCHROME, 9, 1, 2, masks, 4}, 0, 0));
    for (int i = 0; i < 30; i++)
        CHECK_INT(rgb[i], i / 3 == 8 ? 0xff : 0x40);
}

/* round(over * alpha / 255 + below * (255 - alpha) / 255), by double arithmetic, for each alpha. */
static void test_colours_are_rounded(void)
{
    for (int alpha = 0; alpha < 256; alpha++)
        for (int below = 0; below < 256; below += 17) {
            uint8_t bgra[] = {7, 128, 250, (uint8_t)alpha}, rgb[] = {(uint8_t)below, (uint8_t)below, (uint8_t)below};
            struct cursor_canvas canvas = {rgb, 1, 1};
            CHECK(cursor_draw(&canvas, &(struct cursor_shape){CURSOR_COLOUR, 1, 1, 4, bgra, 4}, 0, 0));
            for (int i = 0; i < 3; i++)
                CHECK_INT(rgb[i], (int)((bgra[2 - i] * (alpha / 255.0) + below * (1 - alpha / 255.0)) + 0.5));
        }
}

static void test_sizes(void)
{
    static const uint8_t pixel[4];
    static uint8_t large[4097 * 4];
    uint8_t rgb[3] = {1, 2, 3};
    struct cursor_canvas canvas = {rgb, 1, 1};
    CHECK(!cursor_draw(&canvas, &(struct cursor_shape){CURSOR_MASKED, 0, 1, 4, pixel, 4}, 0, 0));
    CHECK(!cursor_draw(&canvas, &(struct cursor_shape){CURSOR_MASKED, 1, 0, 4, pixel, 4}, 0, 0));
    CHECK(!cursor_draw(&canvas, &(struct cursor_shape){CURSOR_MASKED, 1, 1, 4, NULL, 4}, 0, 0));
    CHECK(!cursor_draw(&canvas, &(struct cursor_shape){CURSOR_MASKED, 4097, 1, 4097 * 4, large, sizeof large}, 0, 0));
    CHECK(memcmp(rgb, "\1\2\3", 3) == 0);
    CHECK(cursor_draw(&canvas, &(struct cursor_shape){CURSOR_MASKED, 4096, 1, 4096 * 4, large, sizeof large}, 0, 0));
    CHECK(memcmp(rgb, "\0\0\0", 3) == 0);
    CHECK(cursor_draw(&canvas, &(struct cursor_shape){CURSOR_MASKED, 1, 1, 4, pixel, 4}, INT32_MAX, INT32_MIN));
}

int main(void)
{
    RUN(test_shapes);
    RUN(test_tall_monochrome);
    RUN(test_wide_monochrome);
    RUN(test_colours_are_rounded);
    RUN(test_sizes);
    return CHECK_RESULT();
}
