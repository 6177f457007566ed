/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Textures of outputs that lie, are turned and are packed in any way, into pictures of the desktop. */
#include "capture/win32/duplication_surface.h"
#include "tests/unit/check.h"

#include <stdlib.h>

enum { W = 3, H = 2 };

/* Of 3x2 pixels, B G R A: red counts them. */
static uint8_t texture[H][W][4];
static uint8_t rgb[W * H * 3];
static struct error err;

static struct duplication_surface prepare(uint32_t format)
{
    for (int p = 0; p < W * H; p++)
        memcpy(texture[p / W][p % W], (uint8_t[]){7, 9, (uint8_t)(p + 1), 0x55}, 4);
    memset(rgb, 0, sizeof rgb);
    return (struct duplication_surface){&texture[0][0][0], W, H, W * 4, format};
}

static int place(const struct duplication_surface *surface, uint32_t width, uint32_t height,
                 enum duplication_rotation rotation)
{
    struct rect area = {0, 0, width, height};
    return duplication_surface_draw(rgb, &area, surface, &area, rotation, &err);
}

/* Written down by hand: 123/456 turned clockwise by each quarter. */
static void test_rotations(void)
{
    static const struct {
        enum duplication_rotation rotation;
        uint32_t width, height;
        uint8_t expected[W * H];
    } cases[] = {{ROTATION_UNSPECIFIED, 3, 2, {1, 2, 3, 4, 5, 6}},
                 {ROTATION_NONE, 3, 2, {1, 2, 3, 4, 5, 6}},
                 {ROTATION_90, 2, 3, {4, 1, 5, 2, 6, 3}},
                 {ROTATION_180, 3, 2, {6, 5, 4, 3, 2, 1}},
                 {ROTATION_270, 2, 3, {3, 6, 2, 5, 1, 4}}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct duplication_surface surface = prepare(FORMAT_BGRA8);
        CHECK_INT(place(&surface, cases[i].width, cases[i].height, cases[i].rotation), 0);
        for (int p = 0; p < W * H; p++)
            CHECK_INT(rgb[p * 3], cases[i].expected[p]);
    }
}

static void test_sizes_that_do_not_fit(void)
{
    struct duplication_surface surface = prepare(FORMAT_BGRA8);
    CHECK_INT(place(&surface, 3, 2, ROTATION_90), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "it gave 2x3 pixels where the desktop has 3x2");
    CHECK_INT(place(&surface, 2, 2, ROTATION_NONE), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "it gave 3x2 pixels where the desktop has 2x2");
    CHECK_INT(place(&surface, 3, 2, (enum duplication_rotation)5), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "it is turned in an unknown way (5)");
    surface.pitch = W * 4 - 1;
    CHECK_INT(place(&surface, 3, 2, ROTATION_NONE), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "its rows of 3 pixels have 11 bytes");
}

static void test_formats(void)
{
    const uint32_t packed = 0x3ffu | 0x203u << 10 | 0x003u << 20; /* 255, 128.4 and 0.7 of 255 */
    struct duplication_surface surface = prepare(FORMAT_BGRX8);
    CHECK_INT(place(&surface, W, H, ROTATION_NONE), 0);
    CHECK(memcmp(rgb, "\x01\x09\x07\x02\x09\x07", 6) == 0);
    memcpy(&texture[0][0][0], &packed, 4);
    surface.format = FORMAT_RGB10A2;
    CHECK_INT(place(&surface, W, H, ROTATION_NONE), 0);
    CHECK(memcmp(rgb, "\xff\x80\x01", 3) == 0);
    memcpy(&texture[0][0][0], "\x01\x02\x03\x04", 4);
    surface.format = FORMAT_RGBA8;
    CHECK_INT(place(&surface, W, H, ROTATION_NONE), 0);
    CHECK(memcmp(rgb, "\x01\x02\x03", 3) == 0);
    surface.format = 10; /* 16-bit floating point */
    CHECK_INT(place(&surface, W, H, ROTATION_NONE), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "its pixels have the format 10, which is not read");
}

static void test_rows_that_are_longer_than_their_pixels(void)
{
    static uint8_t wide[H][32];
    struct duplication_surface surface = prepare(FORMAT_BGRA8);
    memcpy(wide[0], texture[0], sizeof texture[0]);
    memcpy(wide[1], texture[1], sizeof texture[1]);
    surface.bytes = &wide[0][0];
    surface.pitch = sizeof wide[0];
    CHECK_INT(place(&surface, W, H, ROTATION_NONE), 0);
    for (int p = 0; p < W * H; p++)
        CHECK_INT(rgb[p * 3], p + 1);
}

/* A picture of two columns and three rows, of which the output shows a corner alone. */
static void test_what_lies_outside_is_left_out(void)
{
    const struct rect output = {10, -20, W, H}, area = {9, -19, 2, 3};
    struct duplication_surface surface = prepare(FORMAT_BGRA8);
    CHECK_INT(duplication_surface_draw(rgb, &area, &surface, &output, ROTATION_NONE, &err), 0);
    CHECK_INT(rgb[0], 0);
    CHECK_INT(rgb[3], 4); /* the second row's first */
    for (size_t i = 6; i < sizeof rgb; i++)
        CHECK_INT(rgb[i], 0);
}

/* The last pixels of a desktop of 32767x32767 pixels. */
static void test_output_in_the_corner_of_the_largest_desktop(void)
{
    const uint32_t side = 32767;
    const size_t size = (size_t)side * side * 3;
    const struct rect area = {0, 0, side, side}, output = {(int32_t)side - W, (int32_t)side - H, W, H};
    struct duplication_surface surface = prepare(FORMAT_BGRA8);
    uint8_t *large =
        size <= PTRDIFF_MAX ? calloc(size, 1) : NULL; /* of which only the pages that are touched come to exist */
    if (!large) {
        SKIP("there is no memory for a picture of 32767x32767 pixels");
        return;
    }
    CHECK_INT(duplication_surface_draw(large, &area, &surface, &output, ROTATION_NONE, &err), 0);
    for (size_t p = 0; p < W; p++) {
        CHECK_INT(large[size - (W - p) * 3], 4 + p);
        CHECK_INT(large[size - (size_t)side * 3 - (W - p) * 3], 1 + p);
    }
    free(large);
}

int main(void)
{
    RUN(test_rotations);
    RUN(test_sizes_that_do_not_fit);
    RUN(test_formats);
    RUN(test_rows_that_are_longer_than_their_pixels);
    RUN(test_what_lies_outside_is_left_out);
    RUN(test_output_in_the_corner_of_the_largest_desktop);
    return CHECK_RESULT();
}
