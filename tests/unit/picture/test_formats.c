/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes written by hand from the format's name (bits from the most significant down, little-endian). */
#include "picture/formats.h"
#include "tests/unit/check.h"

#include <stdlib.h>

static struct frame frame_of(const char *fourcc, const uint8_t *bytes, uint32_t width)
{
    const struct format *format = format_find(FOURCC(fourcc[0], fourcc[1], fourcc[2], fourcc[3]));
    CHECK(format != NULL);
    if (!format)
        exit(1);
    return (struct frame){.format = format, .width = width, .height = 1, .data = {bytes}, .stride = {width * 8}};
}

static void check_color(const char *fourcc, const uint8_t *bytes, uint32_t x, int red, int green, int blue, int alpha)
{
    struct frame frame = frame_of(fourcc, bytes, 4);
    struct color got = frame.format->read(&frame, x, 0);
    if (got.red != red || got.green != green || got.blue != blue || got.alpha != alpha)
        printf("# %s: %04x %04x %04x %04x\n", fourcc, got.red, got.green, got.blue, got.alpha);
    CHECK(got.red == red && got.green == green && got.blue == blue && got.alpha == alpha);
}

static void eight_bits_a_channel(void)
{
    static const uint8_t bytes[] = {0, 0, 0, 0, 0x11, 0x22, 0x33, 0x44};
    check_color("XR24", bytes, 1, 0x3333, 0x2222, 0x1111, 0xffff);
    check_color("AR24", bytes, 1, 0x3333, 0x2222, 0x1111, 0x4444);
    check_color("XB24", bytes, 1, 0x1111, 0x2222, 0x3333, 0xffff);
    check_color("AB24", bytes, 1, 0x1111, 0x2222, 0x3333, 0x4444);
    check_color("RX24", bytes, 1, 0x4444, 0x3333, 0x2222, 0xffff);
    check_color("RA24", bytes, 1, 0x4444, 0x3333, 0x2222, 0x1111);
    check_color("BX24", bytes, 1, 0x2222, 0x3333, 0x4444, 0xffff);
    check_color("BA24", bytes, 1, 0x2222, 0x3333, 0x4444, 0x1111);
    check_color("RG24", bytes + 1, 1, 0x3333, 0x2222, 0x1111, 0xffff);
    check_color("BG24", bytes + 1, 1, 0x1111, 0x2222, 0x3333, 0xffff);
}

static void ten_bits_a_channel(void)
{
    /* 01 1000000000 0000000001 1111111111 */
    static const uint8_t bytes[] = {0xff, 0x07, 0x00, 0x60};
    check_color("XR30", bytes, 0, 0x8020, 0x0040, 0xffff, 0xffff);
    check_color("AR30", bytes, 0, 0x8020, 0x0040, 0xffff, 0x5555);
    check_color("XB30", bytes, 0, 0xffff, 0x0040, 0x8020, 0xffff);
    check_color("AB30", bytes, 0, 0xffff, 0x0040, 0x8020, 0x5555);
}

static void five_and_six_bits_a_channel(void)
{
    static const uint8_t rgb565[] = {0x23, 0x84};  /* 10000 100001 00011 */
    static const uint8_t rgb1555[] = {0x23, 0xc4}; /* 1 10001 00001 00011 */
    check_color("RG16", rgb565, 0, 0x8484, 0x8686, 0x1818, 0xffff);
    check_color("BG16", rgb565, 0, 0x1818, 0x8686, 0x8484, 0xffff);
    check_color("XR15", rgb1555, 0, 0x8c8c, 0x0808, 0x1818, 0xffff);
    check_color("AR15", rgb1555, 0, 0x8c8c, 0x0808, 0x1818, 0xffff);
    check_color("AR15", (const uint8_t[]){0xff, 0x7f}, 0, 0xffff, 0xffff, 0xffff, 0);
}

static void sixteen_bits_a_channel(void)
{
    static const uint8_t bytes[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08};
    check_color("AR48", bytes, 0, 0x0605, 0x0403, 0x0201, 0x0807);
    check_color("AB48", bytes, 0, 0x0201, 0x0403, 0x0605, 0x0807);
    check_color("XR48", bytes, 0, 0x0605, 0x0403, 0x0201, 0xffff);
    check_color("XB48", bytes, 0, 0x0201, 0x0403, 0x0605, 0xffff);
}

static void half_floats(void)
{
    /* 1.0, 0.5, the least normal number (2^-14), 0.25 */
    static const uint8_t bytes[] = {0x00, 0x3c, 0x00, 0x38, 0x00, 0x04, 0x00, 0x34};
    /* 2.0, -1.0, not a number, infinite */
    static const uint8_t odd[] = {0x00, 0x40, 0x00, 0xbc, 0x01, 0x7e, 0x00, 0x7c};
    check_color("AB4H", bytes, 0, 0xffff, 0x8000, 0x0004, 0x4000);
    check_color("AR4H", bytes, 0, 0x0004, 0x8000, 0xffff, 0x4000);
    check_color("XR4H", bytes, 0, 0x0004, 0x8000, 0xffff, 0xffff);
    check_color("AB4H", odd, 0, 0xffff, 0, 0, 0xffff);
    check_color("XB4H", (const uint8_t[]){0xff, 0x03, 0x01, 0x00, 0, 0, 0, 0}, 0, 4, 0, 0, 0xffff); /* subnormal */
}

static void palette(void)
{
    struct color colors[256] = {{0}};
    struct frame frame = frame_of("C8  ", (const uint8_t[]){0, 7, 255}, 3);
    colors[7] = (struct color){1, 2, 3, 0xffff};
    colors[255] = (struct color){4, 5, 6, 0xffff};
    frame.palette = colors;
    CHECK(frame.format->has_palette);
    CHECK_INT(frame.format->read(&frame, 1, 0).blue, 3);
    CHECK_INT(frame.format->read(&frame, 2, 0).red, 4);
}

static int apart(uint16_t got, int want)
{
    int difference = (got >> 8) - want;
    return difference < 0 ? -difference : difference;
}

/* Expected values: R'G'B' of the standards' published 8-bit colour bars (75 % and 100 %), computed elsewhere. */
static void check_yuv_within(int tolerance, const char *fourcc, const uint8_t *luma, const uint8_t *chroma, uint32_t x,
                             enum yuv_encoding encoding, bool full, int red, int green, int blue)
{
    struct frame frame = frame_of(fourcc, luma, 4);
    frame.data[1] = chroma;
    frame.stride[1] = 8;
    frame.encoding = encoding;
    frame.full_range = full;
    struct color got = frame.format->read(&frame, x, 0);
    bool near =
        apart(got.red, red) <= tolerance && apart(got.green, green) <= tolerance && apart(got.blue, blue) <= tolerance;
    if (!near)
        printf("# %s %d: %d %d %d\n", fourcc, encoding, got.red >> 8, got.green >> 8, got.blue >> 8);
    CHECK(near);
    CHECK_INT(got.alpha, 0xffff);
}

static void check_yuv(const char *fourcc, const uint8_t *luma, const uint8_t *chroma, uint32_t x,
                      enum yuv_encoding encoding, bool full, int red, int green, int blue)
{
    check_yuv_within(1, fourcc, luma, chroma, x, encoding, full, red, green, blue);
}

static void yuv_of_three_standards(void)
{
    static const uint8_t red601[] = {81, 81}, red601_c[] = {90, 240};
    static const uint8_t red709[] = {63, 63}, red709_c[] = {102, 240};
    static const uint8_t blue2020[] = {29, 29}, blue2020_c[] = {240, 119};
    static const uint8_t green_full[] = {150, 150}, green_full_c[] = {44, 21};
    check_yuv("NV12", red601, red601_c, 1, YUV_BT601, false, 255, 0, 0);
    check_yuv("NV12", red709, red709_c, 1, YUV_BT709, false, 255, 1, 0);
    check_yuv("NV12", blue2020, blue2020_c, 0, YUV_BT2020, false, 1, 0, 255);
    check_yuv("NV12", green_full, green_full_c, 0, YUV_BT601, true, 0, 255, 1);
    check_yuv("NV21", red601, (const uint8_t[]){240, 90}, 1, YUV_BT601, false, 255, 0, 0);
    check_yuv("NV12", (const uint8_t[]){16, 235}, (const uint8_t[]){128, 128}, 0, YUV_BT709, false, 0, 0, 0);
    check_yuv("NV12", (const uint8_t[]){16, 235}, (const uint8_t[]){128, 128}, 1, YUV_BT709, false, 255, 255, 255);
}

/* The 75 % colour bars of SMPTE EG 1 in ITU-R BT.601's 8 bits: there a wrong scale does not hide in what is clamped.
   Their chroma is rounded to whole steps, of which one is up to two steps of a colour. */
static void yuv_of_published_colour_bars(void)
{
    static const struct {
        uint8_t luma[2], chroma[2];
        int red, green, blue;
    } bars[] = {
        {{180, 180}, {128, 128}, 191, 191, 191}, {{162, 162}, {44, 142}, 191, 191, 0},
        {{131, 131}, {156, 44}, 0, 191, 191},    {{112, 112}, {72, 58}, 0, 191, 0},
        {{84, 84}, {184, 198}, 191, 0, 191},     {{65, 65}, {100, 212}, 191, 0, 0},
        {{35, 35}, {212, 114}, 0, 0, 191},
    };
    for (size_t i = 0; i < sizeof bars / sizeof *bars; i++)
        check_yuv_within(2, "NV12", bars[i].luma, bars[i].chroma, 0, YUV_BT601, false, bars[i].red, bars[i].green,
                         bars[i].blue);
}

static void yuv_of_other_layouts(void)
{
    static const uint8_t yuyv[] = {16, 90, 81, 240}, uyvy[] = {90, 16, 240, 81};
    static const uint8_t p010[] = {0x00, 0x51}, p010_c[] = {0x00, 0x5a, 0x00, 0xf0}; /* as 8 bits, times 256 */
    check_yuv("YUYV", yuyv, NULL, 1, YUV_BT601, false, 255, 0, 0);
    check_yuv("UYVY", uyvy, NULL, 1, YUV_BT601, false, 255, 0, 0);
    check_yuv("P010", p010, p010_c, 0, YUV_BT601, false, 255, 0, 0);
}

static void chroma_is_of_two_by_two(void)
{
    static const uint8_t luma[] = {126, 126, 126, 126}, chroma[] = {128, 128, 240, 128};
    struct frame frame = frame_of("NV12", luma, 2);
    frame.height = 6;
    frame.first_row = 2;
    frame.stride[0] = 0; /* every row the same */
    frame.data[1] = chroma;
    frame.stride[1] = 2;
    CHECK(frame.format->read(&frame, 1, 3).blue >> 8 < 150);
    CHECK(frame.format->read(&frame, 0, 4).blue >> 8 > 200);
    CHECK_INT(format_row_bytes(frame.format, 0, 5), 5);
    CHECK_INT(format_row_bytes(frame.format, 1, 5), 6);
    CHECK_INT(format_rows(frame.format, 1, 5), 3);
    CHECK_INT(format_plane_count(frame.format), 2);
    CHECK_INT(format_row_bytes(format_find(FOURCC('Y', 'U', 'Y', 'V')), 0, 5), 12);
}

static void unknown_formats(void)
{
    CHECK(format_find(FOURCC('V', 'U', 'Y', '0')) == NULL);
    CHECK(format_find(0) == NULL);
}

int main(void)
{
    RUN(eight_bits_a_channel);
    RUN(ten_bits_a_channel);
    RUN(five_and_six_bits_a_channel);
    RUN(sixteen_bits_a_channel);
    RUN(half_floats);
    RUN(palette);
    RUN(yuv_of_three_standards);
    RUN(yuv_of_published_colour_bars);
    RUN(yuv_of_other_layouts);
    RUN(chroma_is_of_two_by_two);
    RUN(unknown_formats);
    return CHECK_RESULT();
}
