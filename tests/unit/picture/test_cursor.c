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

int main(void)
{
    RUN(test_shapes);
    return CHECK_RESULT();
}
