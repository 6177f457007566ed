/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/compose.h"
#include "tests/unit/capture/sparse.h"
#include "tests/unit/check.h"

#include <stdlib.h>

#define WIDTH 12
#define HEIGHT 5

static uint8_t rgb[HEIGHT * WIDTH * 3];

static struct x11_canvas canvas(int x, int y)
{
    memset(rgb, 200, sizeof rgb);
    return (struct x11_canvas){rgb, WIDTH * 3, {x, y, WIDTH, HEIGHT}};
}

/* The canvas as text: '#' untouched, '.' black, '?' anything else. */
static const char *drawing(void)
{
    static char text[HEIGHT * (WIDTH + 1) + 1];
    char *out = text;
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        const uint8_t *p = rgb + i * 3;
        *out++ = p[0] == 200 && p[1] == 200 && p[2] == 200 ? '#' : p[0] || p[1] || p[2] ? '?' : '.';
        if (i % WIDTH == WIDTH - 1)
            *out++ = '\n';
    }
    *out = 0;
    return text;
}

static void corners_between_outputs(void)
{
    struct x11_canvas c = canvas(0, 0);
    struct rect covered[] = {{0, 0, 5, 3}, {5, 2, 4, 3}};
    x11_blank_uncovered(&c, covered, 2);
    CHECK_TEXT(drawing(), "#####.......\n"
                          "#####.......\n"
                          "#########...\n"
                          ".....####...\n"
                          ".....####...\n");
}

static void gap_and_overlap(void)
{
    struct x11_canvas c = canvas(0, 0);
    struct rect covered[] = {{8, 0, 4, 5}, {2, 0, 3, 4}, {0, 1, 4, 2}};
    x11_blank_uncovered(&c, covered, 3);
    CHECK_TEXT(drawing(), "..###...####\n"
                          "#####...####\n"
                          "#####...####\n"
                          "..###...####\n"
                          "........####\n");
}

static void rectangles_are_of_the_screen_not_of_the_canvas(void)
{
    struct x11_canvas c = canvas(100, 50);
    struct rect covered[] = {{90, 40, 14, 12}, {108, 50, 1000, 1000}};
    x11_blank_uncovered(&c, covered, 2);
    CHECK_TEXT(drawing(), "####....####\n"
                          "####....####\n"
                          "........####\n"
                          "........####\n"
                          "........####\n");
}

static void all_covered_and_nothing_covered(void)
{
    struct x11_canvas c = canvas(0, 0);
    struct rect all = {0, 0, WIDTH, HEIGHT};
    x11_blank_uncovered(&c, &all, 1);
    CHECK(!strpbrk(drawing(), ".?"));
    x11_blank_uncovered(&c, NULL, 0);
    CHECK(!strpbrk(drawing(), "#?"));
}

/* Against the definition, pixel by pixel. */
static void random_layouts_agree_with_the_definition(void)
{
    srand(check_seed());
    for (int round = 0; round < 2000; round++) {
        struct x11_canvas c = canvas(rand() % 5, rand() % 5);
        struct rect covered[4];
        for (int i = 0; i < 4; i++)
            covered[i] =
                (struct rect){rand() % 16 - 2, rand() % 9 - 2, (uint32_t)(rand() % 9 + 1), (uint32_t)(rand() % 6 + 1)};
        x11_blank_uncovered(&c, covered, 4);
        int wrong = 0;
        for (int i = 0; i < WIDTH * HEIGHT; i++) {
            int x = c.area.x + i % WIDTH, y = c.area.y + i / WIDTH;
            bool is_covered = false;
            for (int k = 0; k < 4; k++)
                is_covered |= x >= covered[k].x && y >= covered[k].y && x < covered[k].x + (int)covered[k].width &&
                              y < covered[k].y + (int)covered[k].height;
            wrong += rgb[i * 3] != (is_covered ? 200 : 0);
        }
        CHECK_INT(wrong, 0);
    }
}

/* An XFixes image is of unsigned longs: where they have 64 bits, the upper 32 mean nothing. */
#define PIXEL(argb) ((unsigned long)(argb) | (unsigned long)~0xffffffffull)

static void cursor_is_clipped_at_every_edge(void)
{
    unsigned long pixels[9];
    for (int i = 0; i < 9; i++)
        pixels[i] = PIXEL(0xff000000);
    struct x11_canvas c = canvas(10, 20);
    CHECK(x11_draw_cursor(&c, &(struct x11_cursor){pixels, {8, 18, 3, 3}}));
    CHECK(x11_draw_cursor(&c, &(struct x11_cursor){pixels, {20, 23, 3, 3}}));
    CHECK(x11_draw_cursor(&c, &(struct x11_cursor){pixels, {15, 21, 3, 3}}));
    CHECK_TEXT(drawing(), ".###########\n"
                          "#####...####\n"
                          "#####...####\n"
                          "#####...##..\n"
                          "##########..\n");
    c = canvas(10, 20);
    CHECK(!x11_draw_cursor(&c, &(struct x11_cursor){pixels, {7, 20, 3, 3}}));
    CHECK(!x11_draw_cursor(&c, &(struct x11_cursor){pixels, {22, 20, 3, 3}}));
    CHECK(!x11_draw_cursor(&c, &(struct x11_cursor){pixels, {10, 17, 3, 3}}));
    CHECK(!x11_draw_cursor(&c, &(struct x11_cursor){pixels, {10, 25, 3, 3}}));
    CHECK(!x11_draw_cursor(&c, &(struct x11_cursor){pixels, {-32768, -32768, 3, 3}}));
    CHECK(!strpbrk(drawing(), ".?"));
}

static void transparent_cursor_is_not_seen(void)
{
    unsigned long pixels[4] = {PIXEL(0), PIXEL(0), PIXEL(0), PIXEL(0)};
    struct x11_canvas c = canvas(0, 0);
    CHECK(!x11_draw_cursor(&c, &(struct x11_cursor){pixels, {0, 0, 2, 2}}));
    CHECK(!strpbrk(drawing(), ".?"));
}

static void cursor_is_blended_to_the_nearest(void)
{
    int wrong = 0;
    for (int alpha = 0; alpha < 256; alpha++)
        for (int value = 0; value < 256; value++) {
            uint8_t pixel[3] = {(uint8_t)value, 100, 0};
            unsigned long argb = PIXEL((unsigned)alpha << 24 | (unsigned)alpha << 16); /* full red */
            struct x11_canvas c = {pixel, 3, {0, 0, 1, 1}};
            x11_draw_cursor(&c, &(struct x11_cursor){&argb, {0, 0, 1, 1}});
            int want = (int)(alpha + value * (255 - alpha) / 255.0 + 0.5);
            wrong += pixel[0] != want || pixel[2] != 0;
        }
    CHECK_INT(wrong, 0);
}

static void colours_beyond_alpha_do_not_wrap(void)
{
    uint8_t pixel[3] = {250, 250, 250};
    unsigned long argb = PIXEL(0x10ffff00);
    struct x11_canvas c = {pixel, 3, {0, 0, 1, 1}};
    x11_draw_cursor(&c, &(struct x11_cursor){&argb, {0, 0, 1, 1}});
    CHECK_INT(pixel[0], 255);
    CHECK_INT(pixel[2], 234);
}

/* A picture of 32767x32767 pixels, of which all but the last pixel is covered. */
static void last_pixel_of_the_largest_screen(void)
{
    const size_t stride = (size_t)SPARSE_SIDE * 3, size = stride * SPARSE_SIDE;
    const uint32_t side = SPARSE_SIDE;
    const struct rect covered[] = {{0, 0, side, side - 1}, {0, SPARSE_SIDE - 1, side - 1, 1}};
    unsigned long pixels[9];
    uint8_t *large = sparse_map(size);
    if (!large) {
        SKIP("there is no address space for a picture of 32767x32767 pixels");
        return;
    }
    struct x11_canvas c = {large, stride, {0, 0, side, side}};
    memset(large + size - 6, 200, 6);
    x11_blank_uncovered(&c, covered, 2);
    CHECK(memcmp(large + size - 6, "\xc8\xc8\xc8\0\0\0", 6) == 0);
    for (int i = 0; i < 9; i++)
        pixels[i] = PIXEL(0xff010203);
    CHECK(x11_draw_cursor(&c, &(struct x11_cursor){pixels, {SPARSE_SIDE - 1, SPARSE_SIDE - 1, 3, 3}}));
    CHECK(memcmp(large + size - 6, "\xc8\xc8\xc8\1\2\3", 6) == 0);
    sparse_unmap(large, size);
}

int main(void)
{
    RUN(corners_between_outputs);
    RUN(gap_and_overlap);
    RUN(rectangles_are_of_the_screen_not_of_the_canvas);
    RUN(all_covered_and_nothing_covered);
    RUN(random_layouts_agree_with_the_definition);
    RUN(cursor_is_clipped_at_every_edge);
    RUN(transparent_cursor_is_not_seen);
    RUN(cursor_is_blended_to_the_nearest);
    RUN(colours_beyond_alpha_do_not_wrap);
    RUN(last_pixel_of_the_largest_screen);
    return CHECK_RESULT();
}
