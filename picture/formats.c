/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/formats.h"

#include <stddef.h>

/* ---- packed RGB ---- */

static const uint8_t *format_pixel_at(const struct frame *frame, uint32_t x, uint32_t y)
{
    return frame->data[0] + (size_t)(y - frame->first_row) * frame->stride[0] +
           (size_t)x * frame->format->planes[0].bytes;
}

static uint64_t format_read_word(const uint8_t *bytes, unsigned count)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < count; i++)
        word |= (uint64_t)bytes[i] << (8 * i);
    return word;
}

/* Widens a value to 16 bits by repeating its bits. A value of up to 8 bits is widened to 8 first, so that the upper
   half is the 8-bit value. */
static uint16_t format_widen(uint32_t value, unsigned bits)
{
    unsigned target = bits <= 8 ? 8 : 16;
    uint32_t wide = value << (target - bits);
    for (unsigned have = bits; have < target; have *= 2)
        wide |= wide >> have;
    return (uint16_t)(target == 8 ? wide * 257 : wide);
}

static uint16_t read_channel(uint64_t word, struct channel channel)
{
    return format_widen((uint32_t)(word >> channel.shift) & ((1u << channel.bits) - 1), channel.bits);
}

static struct color read_packed(const struct frame *frame, uint32_t x, uint32_t y)
{
    const struct format *format = frame->format;
    uint64_t word = format_read_word(format_pixel_at(frame, x, y), format->planes[0].bytes);
    return (struct color){
        .red = read_channel(word, format->red),
        .green = read_channel(word, format->green),
        .blue = read_channel(word, format->blue),
        .alpha = format->alpha.bits ? read_channel(word, format->alpha) : 0xffff,
    };
}

/* Reads the most common layout, without the loops of the general reader. */
static struct color read_x8r8g8b8(const struct frame *frame, uint32_t x, uint32_t y)
{
    const uint8_t *bytes = format_pixel_at(frame, x, y);
    return (struct color){
        .red = (uint16_t)(bytes[2] * 257),
        .green = (uint16_t)(bytes[1] * 257),
        .blue = (uint16_t)(bytes[0] * 257),
        .alpha = frame->format->alpha.bits ? (uint16_t)(bytes[3] * 257) : 0xffff,
    };
}

static uint16_t from_unit(float value)
{
    if (!(value > 0))
        return 0;
    return value >= 1 ? 0xffff : (uint16_t)(((uint32_t)(value * 131070) + 1) / 2);
}

/* Reads an IEEE 754 half. Negative values and NaN become 0. Values above 1 are clamped, since nothing is brighter than
   white. */
static uint16_t read_half(uint64_t word, struct channel channel)
{
    uint32_t half = (uint32_t)(word >> channel.shift) & 0xffff, exponent = half >> 10 & 31, mantissa = half & 1023;
    float value = exponent ? 1 + (float)mantissa / 1024 : (float)mantissa / 1024;
    if (half & 0x8000 || (exponent == 31 && mantissa))
        return 0;
    for (uint32_t e = exponent ? exponent : 1; e < 15; e++)
        value /= 2;
    return exponent > 15 ? 0xffff : from_unit(value);
}

static struct color read_halves(const struct frame *frame, uint32_t x, uint32_t y)
{
    const struct format *format = frame->format;
    uint64_t word = format_read_word(format_pixel_at(frame, x, y), 8);
    return (struct color){
        .red = read_half(word, format->red),
        .green = read_half(word, format->green),
        .blue = read_half(word, format->blue),
        .alpha = format->alpha.bits ? read_half(word, format->alpha) : 0xffff,
    };
}

static struct color read_indexed(const struct frame *frame, uint32_t x, uint32_t y)
{
    return frame->palette[*format_pixel_at(frame, x, y)];
}

/* ---- YUV ---- */

/* Converts samples of `bits` bits. ITU-R BT.601, 709 and 2020 differ in the weights of red and blue. */
static struct color from_yuv(const struct frame *frame, int luma, int cb, int cr, unsigned bits)
{
    static const float weights[][2] = {{0.299f, 0.114f}, {0.2126f, 0.0722f}, {0.2627f, 0.0593f}};
    float red_weight = weights[frame->encoding][0], blue_weight = weights[frame->encoding][1];
    float green_weight = 1 - red_weight - blue_weight, most = (float)((1 << bits) - 1), unit = (float)(1 << (bits - 8));
    float y = frame->full_range ? (float)luma / most : ((float)luma - 16 * unit) / (219 * unit);
    float range = frame->full_range ? most : 224 * unit;
    float b = 2 * (1 - blue_weight) * ((float)cb - 128 * unit) / range;
    float r = 2 * (1 - red_weight) * ((float)cr - 128 * unit) / range;
    return (struct color){
        .red = from_unit(y + r),
        .green = from_unit(y - (red_weight * r + blue_weight * b) / green_weight),
        .blue = from_unit(y + b),
        .alpha = 0xffff,
    };
}

static const uint8_t *chroma_at(const struct frame *frame, uint32_t x, uint32_t y)
{
    const struct format_plane *plane = &frame->format->planes[1];
    return frame->data[1] + (size_t)((y - frame->first_row) / plane->height) * frame->stride[1] +
           (size_t)(x / plane->width) * plane->bytes;
}

static struct color read_nv(const struct frame *frame, uint32_t x, uint32_t y)
{
    const uint8_t *chroma = chroma_at(frame, x, y);
    bool swapped = frame->format->fourcc == FOURCC('N', 'V', '2', '1');
    return from_yuv(frame, *format_pixel_at(frame, x, y), chroma[swapped], chroma[!swapped], 8);
}

/* Reads samples of ten bits, at the top of little-endian 16-bit words. */
static struct color read_p010(const struct frame *frame, uint32_t x, uint32_t y)
{
    const uint8_t *chroma = chroma_at(frame, x, y);
    return from_yuv(frame, (int)(format_read_word(format_pixel_at(frame, x, y), 2) >> 6),
                    (int)(format_read_word(chroma, 2) >> 6), (int)(format_read_word(chroma + 2, 2) >> 6), 10);
}

static const uint8_t *pair_at(const struct frame *frame, uint32_t x, uint32_t y)
{
    return frame->data[0] + (size_t)(y - frame->first_row) * frame->stride[0] + (size_t)(x / 2) * 4;
}

static struct color read_yuyv(const struct frame *frame, uint32_t x, uint32_t y)
{
    const uint8_t *pair = pair_at(frame, x, y);
    return from_yuv(frame, pair[x % 2 * 2], pair[1], pair[3], 8);
}

static struct color read_uyvy(const struct frame *frame, uint32_t x, uint32_t y)
{
    const uint8_t *pair = pair_at(frame, x, y);
    return from_yuv(frame, pair[1 + x % 2 * 2], pair[0], pair[2], 8);
}

/* ---- the list ---- */

/* The releases of clang-format differ about braces in a macro. */
/* clang-format off */
#define RGB(a, b, c, d, size, r, g, bl, al, reader) {                                                                  \
        .fourcc = FOURCC(a, b, c, d), .planes = {{size, 1, 1}}, .red = r, .green = g, .blue = bl, .alpha = al,         \
        .read = reader }
#define AT(shift, bits) {shift, bits}
#define NO_ALPHA {0, 0}
/* clang-format on */

static const struct format formats[] = {
    RGB('X', 'R', '2', '4', 4, AT(16, 8), AT(8, 8), AT(0, 8), NO_ALPHA, read_x8r8g8b8),
    RGB('A', 'R', '2', '4', 4, AT(16, 8), AT(8, 8), AT(0, 8), AT(24, 8), read_x8r8g8b8),
    RGB('X', 'B', '2', '4', 4, AT(0, 8), AT(8, 8), AT(16, 8), NO_ALPHA, read_packed),
    RGB('A', 'B', '2', '4', 4, AT(0, 8), AT(8, 8), AT(16, 8), AT(24, 8), read_packed),
    RGB('R', 'X', '2', '4', 4, AT(24, 8), AT(16, 8), AT(8, 8), NO_ALPHA, read_packed),
    RGB('R', 'A', '2', '4', 4, AT(24, 8), AT(16, 8), AT(8, 8), AT(0, 8), read_packed),
    RGB('B', 'X', '2', '4', 4, AT(8, 8), AT(16, 8), AT(24, 8), NO_ALPHA, read_packed),
    RGB('B', 'A', '2', '4', 4, AT(8, 8), AT(16, 8), AT(24, 8), AT(0, 8), read_packed),
    RGB('X', 'R', '3', '0', 4, AT(20, 10), AT(10, 10), AT(0, 10), NO_ALPHA, read_packed),
    RGB('A', 'R', '3', '0', 4, AT(20, 10), AT(10, 10), AT(0, 10), AT(30, 2), read_packed),
    RGB('X', 'B', '3', '0', 4, AT(0, 10), AT(10, 10), AT(20, 10), NO_ALPHA, read_packed),
    RGB('A', 'B', '3', '0', 4, AT(0, 10), AT(10, 10), AT(20, 10), AT(30, 2), read_packed),
    RGB('R', 'G', '1', '6', 2, AT(11, 5), AT(5, 6), AT(0, 5), NO_ALPHA, read_packed),
    RGB('B', 'G', '1', '6', 2, AT(0, 5), AT(5, 6), AT(11, 5), NO_ALPHA, read_packed),
    RGB('X', 'R', '1', '5', 2, AT(10, 5), AT(5, 5), AT(0, 5), NO_ALPHA, read_packed),
    RGB('A', 'R', '1', '5', 2, AT(10, 5), AT(5, 5), AT(0, 5), AT(15, 1), read_packed),
    RGB('R', 'G', '2', '4', 3, AT(16, 8), AT(8, 8), AT(0, 8), NO_ALPHA, read_packed),
    RGB('B', 'G', '2', '4', 3, AT(0, 8), AT(8, 8), AT(16, 8), NO_ALPHA, read_packed),
    RGB('X', 'R', '4', '8', 8, AT(32, 16), AT(16, 16), AT(0, 16), NO_ALPHA, read_packed),
    RGB('A', 'R', '4', '8', 8, AT(32, 16), AT(16, 16), AT(0, 16), AT(48, 16), read_packed),
    RGB('X', 'B', '4', '8', 8, AT(0, 16), AT(16, 16), AT(32, 16), NO_ALPHA, read_packed),
    RGB('A', 'B', '4', '8', 8, AT(0, 16), AT(16, 16), AT(32, 16), AT(48, 16), read_packed),
    RGB('X', 'R', '4', 'H', 8, AT(32, 16), AT(16, 16), AT(0, 16), NO_ALPHA, read_halves),
    RGB('A', 'R', '4', 'H', 8, AT(32, 16), AT(16, 16), AT(0, 16), AT(48, 16), read_halves),
    RGB('X', 'B', '4', 'H', 8, AT(0, 16), AT(16, 16), AT(32, 16), NO_ALPHA, read_halves),
    RGB('A', 'B', '4', 'H', 8, AT(0, 16), AT(16, 16), AT(32, 16), AT(48, 16), read_halves),
    {.fourcc = FOURCC('C', '8', ' ', ' '), .planes = {{1, 1, 1}}, .read = read_indexed, .has_palette = true},
    {.fourcc = FOURCC('N', 'V', '1', '2'), .planes = {{1, 1, 1}, {2, 2, 2}}, .read = read_nv},
    {.fourcc = FOURCC('N', 'V', '2', '1'), .planes = {{1, 1, 1}, {2, 2, 2}}, .read = read_nv},
    {.fourcc = FOURCC('P', '0', '1', '0'), .planes = {{2, 1, 1}, {4, 2, 2}}, .read = read_p010},
    {.fourcc = FOURCC('Y', 'U', 'Y', 'V'), .planes = {{4, 2, 1}}, .read = read_yuyv},
    {.fourcc = FOURCC('U', 'Y', 'V', 'Y'), .planes = {{4, 2, 1}}, .read = read_uyvy},
};

const struct format *format_find(uint32_t fourcc)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (formats[i].fourcc == fourcc)
            return &formats[i];
    return NULL;
}

unsigned format_plane_count(const struct format *format)
{
    return format->planes[1].bytes ? 2 : 1;
}

uint64_t format_row_bytes(const struct format *format, unsigned plane, uint32_t width)
{
    const struct format_plane *layout = &format->planes[plane];
    return ((uint64_t)width + layout->width - 1) / layout->width * layout->bytes;
}

uint32_t format_rows(const struct format *format, unsigned plane, uint32_t height)
{
    return (height + format->planes[plane].height - 1) / format->planes[plane].height;
}
