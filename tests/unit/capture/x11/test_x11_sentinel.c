/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/image.h"
#include "tests/unit/capture/sparse.h"
#include "tests/unit/check.h"

#define STRIDE 20
#define HEIGHT 6

static uint8_t pixels[STRIDE * HEIGHT];

static bool is_intact(uint32_t seed)
{
    return x11_sentinel_is_intact(pixels, STRIDE, HEIGHT, seed);
}

static void it_is_intact_until_a_row_is_written(void)
{
    for (int row = 0; row < HEIGHT; row++) {
        x11_sentinel_write(pixels, STRIDE, HEIGHT, 7);
        CHECK(is_intact(7));
        memset(pixels + row * STRIDE, 0, STRIDE);
        CHECK(!is_intact(7));
    }
}

static void last_pictures_sentinel_is_another(void)
{
    x11_sentinel_write(pixels, STRIDE, HEIGHT, 7);
    CHECK(!is_intact(8));
}

/* As a picture may be: black, white, one byte all over. */
static void plain_pictures_are_none(void)
{
    for (int byte = 0; byte < 256; byte++) {
        memset(pixels, byte, sizeof pixels);
        for (uint32_t seed = 0; seed < 1000; seed++)
            CHECK(!is_intact(seed));
    }
}

/* Nothing is written behind the end of a short row, and a picture of one byte is guessed rarely. */
static void smallest_picture(void)
{
    uint8_t small[2] = {0, 0xee};
    int zeros = 0;
    for (uint32_t seed = 0; seed < 4096; seed++) {
        x11_sentinel_write(small, 1, 1, seed);
        CHECK_INT(small[1], 0xee);
        zeros += small[0] == 0;
    }
    CHECK(zeros < 4096 / 64);
}

/* The first, the middle and the last row of an image of 32767x32767 pixels of 4 bytes. */
static void rows_of_the_largest_image(void)
{
    const size_t stride = (size_t)SPARSE_SIDE * 4 * (SPARSE_SIDE / 2), size = stride * 2 + 8;
    uint8_t *large = sparse_map(size);
    if (!large) {
        SKIP("there is no address space for an image of 32767x32767 pixels");
        return;
    }
    x11_sentinel_write(large, stride, 3, 7);
    CHECK(x11_sentinel_is_intact(large, stride, 3, 7));
    memset(large + size - 8, 0, 8);
    CHECK(!x11_sentinel_is_intact(large, stride, 3, 7));
    sparse_unmap(large, size);
}

int main(void)
{
    RUN(it_is_intact_until_a_row_is_written);
    RUN(last_pictures_sentinel_is_another);
    RUN(plain_pictures_are_none);
    RUN(smallest_picture);
    RUN(rows_of_the_largest_image);
    return CHECK_RESULT();
}
