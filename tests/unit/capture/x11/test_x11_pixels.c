/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/pixels.h"
#include "tests/unit/capture/sparse.h"
#include "tests/unit/check.h"

#include <stdlib.h>

static struct x11_decoder decoder;
static struct error err;

static int init(unsigned bits_per_pixel, bool msb_first, uint32_t red, uint32_t green, uint32_t blue)
{
    return x11_decoder_init(&decoder, bits_per_pixel, msb_first, (uint32_t[]){red, green, blue}, &err);
}

/* One pixel's bytes to 0xRRGGBB. */
static uint32_t decode(const char *bytes)
{
    uint8_t rgb[3];
    x11_decode(&decoder, (const uint8_t *)bytes, 4, rgb, 3, 1, 1);
    return (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
}

static void depth_24_in_both_byte_orders(void)
{
    CHECK_INT(init(32, false, 0xff0000, 0xff00, 0xff), 0);
    CHECK_INT(decode("\x33\x22\x11\xee"), 0x112233);
    CHECK_INT(init(32, true, 0xff0000, 0xff00, 0xff), 0);
    CHECK_INT(decode("\xee\x11\x22\x33"), 0x112233);
}

static void masks_may_be_swapped(void)
{
    CHECK_INT(init(32, false, 0xff, 0xff00, 0xff0000), 0);
    CHECK_INT(decode("\x33\x22\x11\xee"), 0x332211);
    CHECK_INT(init(32, false, 0xff000000, 0xff0000, 0xff00), 0);
    CHECK_INT(decode("\xee\x33\x22\x11"), 0x112233);
}

static void packed_24_bits_a_pixel(void)
{
    CHECK_INT(init(24, false, 0xff0000, 0xff00, 0xff), 0);
    CHECK_INT(decode("\x33\x22\x11"), 0x112233);
    CHECK_INT(init(24, true, 0xff0000, 0xff00, 0xff), 0);
    CHECK_INT(decode("\x11\x22\x33"), 0x112233);
}

static void depth_16_and_15_repeat_their_bits(void)
{
    CHECK_INT(init(16, false, 0xf800, 0x7e0, 0x1f), 0);
    CHECK_INT(decode("\xff\xff"), 0xffffff);
    CHECK_INT(decode("\x00\x00"), 0x000000);
    CHECK_INT(decode("\x01\x08"), 0x080008); /* red 1, blue 1: 00001 -> 00001000 */
    CHECK_INT(decode("\x10\x84"), 0x848284); /* 10000 -> 10000100, 100000 -> 10000010 */
    CHECK_INT(init(16, true, 0xf800, 0x7e0, 0x1f), 0);
    CHECK_INT(decode("\x84\x10"), 0x848284);
    CHECK_INT(init(16, false, 0x7c00, 0x3e0, 0x1f), 0);
    CHECK_INT(decode("\x10\x42"), 0x848484);
    CHECK_INT(decode("\x00\x80"), 0x000000); /* the unused bit */
}

static void depth_30_is_rounded(void)
{
    CHECK_INT(init(32, false, 0x3ff00000, 0xffc00, 0x3ff), 0);
    CHECK_INT(decode("\xff\xff\xff\x3f"), 0xffffff);
    CHECK_INT(decode("\x02\x00\x00\x00"), 0x000000); /* 2 / 1023 is 0.499 / 255 */
    CHECK_INT(decode("\x03\x00\x00\x00"), 0x000001);
    CHECK_INT(decode("\xfd\x03\x00\x00"), 0x0000ff); /* 1021 / 1023 is 254.501 / 255 */
    CHECK_INT(decode("\xfc\x03\x00\x00"), 0x0000fe);
    CHECK_INT(decode("\x04\x10\x40\x00"), 0x010101);
    CHECK_INT(decode("\x00\x00\x00\xc0"), 0x000000);
}

static void true_colour_of_8_bits(void)
{
    CHECK_INT(init(8, false, 0x07, 0x38, 0xc0), 0);
    CHECK_INT(decode("\xff"), 0xffffff);
    CHECK_INT(decode("\x01"), 0x240000); /* 001 -> 00100100 */
    CHECK_INT(decode("\x80"), 0x0000aa); /* 10 -> 10101010 */
}

static void indexed_pixels_go_through_the_colour_map(void)
{
    CHECK_INT(init(8, false, 0xff, 0xff, 0xff), 0);
    x11_decoder_set_color(&decoder, X11_RED, 7, 0x1234);
    x11_decoder_set_color(&decoder, X11_GREEN, 7, 0xffff);
    x11_decoder_set_color(&decoder, X11_BLUE, 7, 0x0081); /* just over a half step of 8 bits */
    CHECK_INT(decode("\x07"), 0x12ff01);
    x11_decoder_set_color(&decoder, X11_RED, 256, 0xffff); /* no such index */
    CHECK_INT(decode("\x07"), 0x12ff01);
}

/* Depth 4 has 8 bits a pixel on today's servers; what is above the depth is of no meaning. */
static void bits_above_an_indexed_depth_are_ignored(void)
{
    CHECK_INT(init(8, false, 0xf, 0xf, 0xf), 0);
    CHECK_INT(x11_channel_count(&decoder.channels[X11_RED]), 16);
    CHECK_INT(decode("\xf3"), 0x333333); /* 0011 -> 00110011 */
    CHECK_INT(decode("\x03"), 0x333333);
    x11_decoder_set_color(&decoder, X11_GREEN, 3, 0x7fff);
    CHECK_INT(decode("\xf3"), 0x337f33);
}

/* DirectColor: each channel has a map of its own, so the plain way would be wrong. */
static void direct_colour_maps_each_channel(void)
{
    CHECK_INT(init(32, false, 0xff0000, 0xff00, 0xff), 0);
    x11_decoder_set_color(&decoder, X11_GREEN, 0x22, 0xabab);
    CHECK_INT(decode("\x33\x22\x11\x00"), 0x11ab33);
}

static void layouts_that_cant_be_read_are_refused(void)
{
    CHECK_INT(init(1, false, 1, 1, 1), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "the screen has 1 bits a pixel, which can't be read");
    CHECK_INT(init(4, false, 0xf, 0xf, 0xf), ERR_UNAVAILABLE);
    CHECK_INT(init(64, false, 1, 1, 1), ERR_UNAVAILABLE);
    CHECK_INT(init(32, false, 0, 0xff00, 0xff), ERR_UNAVAILABLE);
    CHECK_INT(init(32, false, 0xff00ff, 0xff00, 0xff), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "the screen's visual has the colour mask 0xff00ff, which can't be read");
    CHECK_INT(init(32, false, 0xffffffff, 0xff00, 0xff), ERR_UNAVAILABLE);
    CHECK_INT(init(16, false, 0xff0000, 0xff00, 0xff), ERR_UNAVAILABLE);
}

/* The fast way against the plain definition, at every width round its step, with strides that are larger than a row.
   Both buffers are on the heap at their exact size: a sanitizer sees a byte too many. */
static void every_width_of_the_usual_layout_is_exact(void)
{
    CHECK_INT(init(32, false, 0xff0000, 0xff00, 0xff), 0);
    for (uint32_t width = 1; width < 21; width++) {
        const uint32_t height = 3;
        size_t stride = width * 4 + 8, size = stride * (height - 1) + width * 4;
        uint8_t *source = malloc(size), *rgb = malloc((size_t)width * height * 3);
        for (size_t i = 0; i < size; i++)
            source[i] = (uint8_t)rand();
        x11_decode(&decoder, source, stride, rgb, width * 3, width, height);
        int wrong = 0;
        for (uint32_t y = 0; y < height; y++)
            for (uint32_t x = 0; x < width; x++)
                for (int c = 0; c < 3; c++)
                    wrong += rgb[(y * width + x) * 3 + c] != source[y * stride + x * 4 + 2 - c];
        CHECK_INT(wrong, 0);
        free(source);
        free(rgb);
    }
}

/* The first, the middle and the last row of an image of 32767x32767 pixels: the others are left out by the strides. */
static void rows_of_the_largest_image_are_found(void)
{
    const size_t from = (size_t)SPARSE_SIDE * 4 * (SPARSE_SIDE / 2), to = (size_t)SPARSE_SIDE * 3 * (SPARSE_SIDE / 2);
    uint8_t *source = sparse_map(from * 2 + 8), *rgb = sparse_map(to * 2 + 6);
    if (!source || !rgb) {
        SKIP("there is no address space for an image of 32767x32767 pixels");
    } else {
        CHECK_INT(init(32, false, 0xff0000, 0xff00, 0xff), 0);
        for (size_t y = 0; y < 3; y++)
            memcpy(source + y * from, (uint8_t[]){3, 2, (uint8_t)y, 0, 6, 5, (uint8_t)(y + 10), 0}, 8);
        x11_decode(&decoder, source, from, rgb, to, 2, 3);
        for (size_t y = 0; y < 3; y++)
            CHECK(memcmp(rgb + y * to, (uint8_t[]){(uint8_t)y, 2, 3, (uint8_t)(y + 10), 5, 6}, 6) == 0);
    }
    sparse_unmap(source, from * 2 + 8);
    sparse_unmap(rgb, to * 2 + 6);
}

int main(void)
{
    srand(check_seed());
    RUN(depth_24_in_both_byte_orders);
    RUN(masks_may_be_swapped);
    RUN(packed_24_bits_a_pixel);
    RUN(depth_16_and_15_repeat_their_bits);
    RUN(depth_30_is_rounded);
    RUN(true_colour_of_8_bits);
    RUN(indexed_pixels_go_through_the_colour_map);
    RUN(bits_above_an_indexed_depth_are_ignored);
    RUN(direct_colour_maps_each_channel);
    RUN(layouts_that_cant_be_read_are_refused);
    RUN(every_width_of_the_usual_layout_is_exact);
    RUN(rows_of_the_largest_image_are_found);
    return CHECK_RESULT();
}
