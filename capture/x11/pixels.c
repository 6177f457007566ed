/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/pixels.h"

#include "picture/formats.h"
#include "picture/rows.h"

#include <string.h>

size_t x11_channel_count(const struct x11_channel *channel)
{
    return (size_t)(channel->mask >> channel->shift) + 1;
}

/* Scales a value to 8 bits: more are rounded to the nearest, fewer are repeated, so that the largest value is 255 and the
   steps are even. */
static uint8_t x11_scale_to_8_bits(uint32_t value, unsigned bits)
{
    uint32_t largest = (1u << bits) - 1;
    if (bits >= 8)
        return (uint8_t)((value * 255 + largest / 2) / largest);
    uint32_t repeated = 0;
    unsigned have = 0;
    for (; have < 8; have += bits)
        repeated = repeated << bits | value;
    return (uint8_t)(repeated >> (have - 8));
}

static int x11_channel_init(struct x11_channel *channel, uint32_t mask, struct error *err)
{
    if (mask == 0)
        return error_set(err, ERR_UNAVAILABLE, "the screen's visual has an empty colour mask");
    unsigned shift = (unsigned)__builtin_ctz(mask);
    uint32_t largest = mask >> shift;
    if ((largest & (largest + 1)) != 0 || largest >= X11_CHANNEL_MAX)
        return error_set(err, ERR_UNAVAILABLE, "the screen's visual has the colour mask %#x, which can't be read",
                         mask);
    unsigned bits = (unsigned)__builtin_popcount(largest);
    channel->mask = mask;
    channel->shift = shift;
    for (uint32_t value = 0; value <= largest; value++)
        channel->value[value] = x11_scale_to_8_bits(value, bits);
    return 0;
}

int x11_decoder_init(struct x11_decoder *decoder, unsigned bits_per_pixel, bool msb_first, const uint32_t masks[3],
                     struct error *err)
{
    *decoder = (struct x11_decoder){.msb_first = msb_first, .bytes_per_pixel = bits_per_pixel / 8};
    if (bits_per_pixel % 8 != 0 || bits_per_pixel < 8 || bits_per_pixel > 32)
        return error_set(err, ERR_UNAVAILABLE, "the screen has %u bits a pixel, which can't be read", bits_per_pixel);
    for (int i = 0; i < 3; i++) {
        if (bits_per_pixel < 32 && masks[i] >> bits_per_pixel != 0)
            return error_set(err, ERR_UNAVAILABLE, "the colour mask %#x does not fit into %u bits a pixel", masks[i],
                             bits_per_pixel);
        int status = x11_channel_init(&decoder->channels[i], masks[i], err);
        if (status)
            return status;
    }
    decoder->plain = bits_per_pixel == 32 && !msb_first && masks[X11_RED] == 0xff0000 && masks[X11_GREEN] == 0xff00 &&
                     masks[X11_BLUE] == 0xff;
    return 0;
}

void x11_decoder_set_color(struct x11_decoder *decoder, enum x11_channel_index channel, size_t index,
                           uint16_t intensity)
{
    struct x11_channel *c = &decoder->channels[channel];
    if (index >= x11_channel_count(c))
        return;
    c->value[index] = color_to_8_bits(intensity);
    decoder->plain = false;
}

static inline __attribute__((always_inline)) uint32_t x11_read_pixel(const uint8_t *p, unsigned bytes, bool msb_first)
{
    uint32_t pixel = 0;
    for (unsigned i = 0; i < bytes; i++)
        pixel |= (uint32_t)p[i] << 8 * (msb_first ? bytes - 1 - i : i);
    return pixel;
}

/* Decodes a row. It is inlined with constant `bytes` and `msb_first`, so that each layout gets its own loop. */
static inline __attribute__((always_inline)) void x11_decode_row(const struct x11_decoder *decoder, unsigned bytes,
                                                                 bool msb_first, const uint8_t *source, uint8_t *rgb,
                                                                 uint32_t width)
{
    const struct x11_channel *red = &decoder->channels[X11_RED], *green = &decoder->channels[X11_GREEN],
                             *blue = &decoder->channels[X11_BLUE];
    for (uint32_t x = 0; x < width; x++, source += bytes, rgb += 3) {
        uint32_t pixel = x11_read_pixel(source, bytes, msb_first);
        rgb[0] = red->value[(pixel & red->mask) >> red->shift];
        rgb[1] = green->value[(pixel & green->mask) >> green->shift];
        rgb[2] = blue->value[(pixel & blue->mask) >> blue->shift];
    }
}

static void x11_decode_any_row(const struct x11_decoder *decoder, const uint8_t *source, uint8_t *rgb, uint32_t width)
{
    switch (decoder->bytes_per_pixel << 1 | decoder->msb_first) {
    case 1 << 1:
    case 1 << 1 | 1:
        x11_decode_row(decoder, 1, false, source, rgb, width);
        break;
    case 2 << 1:
        x11_decode_row(decoder, 2, false, source, rgb, width);
        break;
    case 2 << 1 | 1:
        x11_decode_row(decoder, 2, true, source, rgb, width);
        break;
    case 3 << 1:
        x11_decode_row(decoder, 3, false, source, rgb, width);
        break;
    case 3 << 1 | 1:
        x11_decode_row(decoder, 3, true, source, rgb, width);
        break;
    case 4 << 1:
        x11_decode_row(decoder, 4, false, source, rgb, width);
        break;
    case 4 << 1 | 1:
        x11_decode_row(decoder, 4, true, source, rgb, width);
        break;
    }
}

void x11_decode(const struct x11_decoder *decoder, const uint8_t *source, size_t source_stride, uint8_t *rgb,
                size_t rgb_stride, uint32_t width, uint32_t height)
{
    const struct row_kernels *kernels = row_kernels_get(NULL);
    for (uint32_t y = 0; y < height; y++, source += source_stride, rgb += rgb_stride) {
        if (decoder->plain)
            kernels->pack_bgrx(rgb, source, width);
        else
            x11_decode_any_row(decoder, source, rgb, width);
    }
}
