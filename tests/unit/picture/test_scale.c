/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/scale.h"
#include "tests/unit/check.h"

#include <math.h>

enum { WIDTH = 37, HEIGHT = 23, PADDING = 5, STRIDE = WIDTH * 3 + PADDING };

static uint8_t screen[STRIDE * HEIGHT];
static const struct image_view image = {screen, WIDTH, HEIGHT, STRIDE, PIXEL_RGB24};

static void fill(void)
{
    srand(check_seed());
    for (size_t i = 0; i < sizeof screen; i++)
        screen[i] = (uint8_t)(rand() % 7 ? rand() : 255);
}

/* Computes one channel's mean by the definition, in floating point. */
static int mean(uint32_t left, uint32_t top, uint32_t divisor, int channel)
{
    double sum = 0;
    int count = 0;
    for (uint32_t y = top; y < HEIGHT && y < top + divisor; y++)
        for (uint32_t x = left; x < WIDTH && x < left + divisor; x++, count++)
            sum += screen[y * STRIDE + x * 3 + (uint32_t)channel];
    return (int)floor(sum / count + 0.5);
}

static void check_scaled(uint32_t divisor)
{
    struct image_view out;
    struct error err;
    uint8_t *pixels;
    CHECK_INT(image_scale_down(&image, divisor, &out, &pixels, &err), 0);
    CHECK_INT(out.width, (WIDTH + divisor - 1) / divisor);
    CHECK_INT(out.height, (HEIGHT + divisor - 1) / divisor);
    for (uint32_t y = 0; y < out.height; y++)
        for (uint32_t x = 0; x < out.width; x++)
            for (int channel = 0; channel < 3; channel++)
                CHECK_INT(out.pixels[y * out.stride + x * 3 + (uint32_t)channel],
                          mean(x * divisor, y * divisor, divisor, channel));
    free(pixels);
}

static void each_pixel_is_the_mean_of_its_box(void)
{
    fill();
    for (uint32_t divisor = 1; divisor <= SCALE_MAX; divisor++)
        check_scaled(divisor);
}

static void largest_box_of_white_is_white(void)
{
    struct image_view out;
    struct error err;
    uint8_t *pixels, white[SCALE_MAX * SCALE_MAX * 3];
    memset(white, 255, sizeof white);
    const struct image_view all = {white, SCALE_MAX, SCALE_MAX, SCALE_MAX * 3, PIXEL_RGB24};
    CHECK_INT(image_scale_down(&all, SCALE_MAX, &out, &pixels, &err), 0);
    CHECK_INT(out.width, 1);
    CHECK_INT(out.height, 1);
    CHECK(memcmp(pixels, "\xff\xff\xff", 3) == 0);
    free(pixels);
}

int main(void)
{
    RUN(each_pixel_is_the_mean_of_its_box);
    RUN(largest_box_of_white_is_white);
    return CHECK_RESULT();
}
