/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far two images differ, against a count by other means. */
#include "capture/compare.h"
#include "tests/unit/check.h"

#define WIDTH 7
#define HEIGHT 5
#define STRIDE_ONE 21
#define STRIDE_OTHER 32

static uint8_t one_pixels[STRIDE_ONE * HEIGHT], other_pixels[STRIDE_OTHER * HEIGHT];
static const struct image_view one = {one_pixels, WIDTH, HEIGHT, STRIDE_ONE, PIXEL_RGB24};
static const struct image_view other = {other_pixels, WIDTH, HEIGHT, STRIDE_OTHER, PIXEL_RGB24};
static struct difference difference;

/* Equal pixels, with what differs in the padding alone. */
static void begin(void)
{
    memset(other_pixels, 0xee, sizeof other_pixels);
    for (int y = 0; y < HEIGHT; y++)
        for (int i = 0; i < WIDTH * 3; i++)
            one_pixels[y * STRIDE_ONE + i] = other_pixels[y * STRIDE_OTHER + i] = (uint8_t)(y * 50 + i);
}

static void change(int x, int y, int channel)
{
    other_pixels[y * STRIDE_OTHER + x * 3 + channel]++;
}

static bool is_box(int32_t x, int32_t y, uint32_t width, uint32_t height)
{
    const struct rect *box = &difference.box;
    return box->x == x && box->y == y && box->width == width && box->height == height;
}

static void equal_images(void)
{
    begin();
    images_compare(&one, &other, &difference);
    CHECK_INT(difference.pixels, 0);
    CHECK(is_box(0, 0, 0, 0));
}

static void every_channel_of_every_pixel_counts(void)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            for (int channel = 0; channel < 3; channel++) {
                begin();
                change(x, y, channel);
                images_compare(&one, &other, &difference);
                CHECK_INT(difference.pixels, 1);
                CHECK_INT(difference.one_step_pixels, 1);
                CHECK_INT(difference.steps, 1);
                CHECK(is_box(x, y, 1, 1));
            }
}

static void a_box_holds_all(void)
{
    begin();
    change(5, 1, 0), change(5, 1, 2); /* one pixel */
    change(2, 3, 1);
    change(3, 2, 1);
    images_compare(&one, &other, &difference);
    CHECK_INT(difference.pixels, 3);
    CHECK(is_box(2, 1, 4, 3));
    begin();
    change(0, 0, 0), change(6, 4, 0);
    images_compare(&one, &other, &difference);
    CHECK_INT(difference.pixels, 2);
    CHECK(is_box(0, 0, WIDTH, HEIGHT));
}

/* As rounding makes it, in either direction; in several channels of a pixel too. */
static void one_step_is_told_from_more(void)
{
    begin();
    change(0, 0, 0), change(0, 0, 1), change(0, 0, 2);
    one_pixels[4 * STRIDE_ONE + 6 * 3]++; /* the other way */
    images_compare(&one, &other, &difference);
    CHECK(difference.pixels == 2 && difference.one_step_pixels == 2 && difference.steps == 1);
    change(3, 2, 2), change(3, 2, 2), change(3, 2, 0);
    images_compare(&one, &other, &difference);
    CHECK(difference.pixels == 3 && difference.one_step_pixels == 2 && difference.steps == 2);
    memset(one_pixels, 0, 3);
    memset(other_pixels, 255, 3);
    images_compare(&one, &other, &difference);
    CHECK(difference.pixels == 3 && difference.one_step_pixels == 1 && difference.steps == 255);
}

int main(void)
{
    RUN(equal_images);
    RUN(every_channel_of_every_pixel_counts);
    RUN(a_box_holds_all);
    RUN(one_step_is_told_from_more);
    return CHECK_RESULT();
}
