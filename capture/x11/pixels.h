/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the bytes of an X server's ZPixmap image to RGB24. Memory in, memory out: no X in here.
 *
 * A pixel is a number of bits_per_pixel bits; each of red, green and blue is looked up by the bits that its mask
 * cuts out of it. With an indexed visual (PseudoColor, StaticColor, GrayScale, StaticGray) all three masks are the
 * whole pixel. So one table of three serves every visual.
 */
#ifndef CAPTURE_X11_PIXELS_H
#define CAPTURE_X11_PIXELS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define X11_CHANNEL_MAX 1024 /* values of one channel: 10 bits */

struct x11_channel {
    uint32_t mask;
    unsigned shift;
    uint8_t value[X11_CHANNEL_MAX]; /* what (pixel & mask) >> shift looks like on the screen */
};

enum x11_channel_index { X11_RED, X11_GREEN, X11_BLUE };

struct x11_decoder {
    unsigned bytes_per_pixel; /* 1 to 4 */
    bool msb_first;           /* the first byte of a pixel is its most significant */
    bool plain;               /* x8r8g8b8, least significant byte first, straight values: the usual case */
    struct x11_channel channels[3];
};

/* masks[] are the visual's red, green and blue mask. ERR_UNAVAILABLE when this layout can't be read. For indexed
   visuals all three are the mask of the depth's bits. Values are scaled to 8 bits by repeating their bits. */
int x11_decoder_init(struct x11_decoder *decoder, unsigned bits_per_pixel, bool msb_first, const uint32_t masks[3],
                     struct error *err);
/* Replaces a value by what the colour map says of it (0 to 65535). An index beyond the channel's is ignored. */
void x11_decoder_set_color(struct x11_decoder *decoder, enum x11_channel_index channel, size_t index,
                           uint16_t intensity);
/* The number of values that a channel's mask can cut out. */
size_t x11_channel_count(const struct x11_channel *channel);

/* Strides are in bytes; destination rows are width * 3 bytes. Never reads beyond width pixels of a row. */
void x11_decode(const struct x11_decoder *decoder, const uint8_t *source, size_t source_stride, uint8_t *rgb,
                size_t rgb_stride, uint32_t width, uint32_t height);

#endif
