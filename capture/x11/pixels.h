/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Converts an X server's ZPixmap image to RGB24. Memory in, memory out: no X in here.
 *
 * A pixel is a number of bits_per_pixel bits. The bits that a channel's mask selects are the index into the channel's
 * table. With an indexed visual (PseudoColor, StaticColor, GrayScale, StaticGray) all three masks are the whole pixel.
 * So the same three tables serve every visual.
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
    uint8_t value[X11_CHANNEL_MAX]; /* the intensity for (pixel & mask) >> shift */
};

enum x11_channel_index { X11_RED, X11_GREEN, X11_BLUE };

struct x11_decoder {
    unsigned bytes_per_pixel; /* 1 to 4 */
    bool msb_first;           /* the first byte of a pixel is its most significant */
    bool plain;               /* x8r8g8b8, least significant byte first, no colour map: the usual case */
    struct x11_channel channels[3];
};

/* Prepares the tables. masks[] are the visual's red, green and blue mask; for indexed visuals all three are the mask of
   the depth's bits. Values are scaled to 8 bits by repeating their bits. Returns ERR_UNAVAILABLE for a layout that
   can't be decoded. */
int x11_decoder_init(struct x11_decoder *decoder, unsigned bits_per_pixel, bool msb_first, const uint32_t masks[3],
                     struct error *err);
/* Replaces a value by the intensity in the colour map, 0 to 65535. An index beyond the channel's range is ignored. */
void x11_decoder_set_color(struct x11_decoder *decoder, enum x11_channel_index channel, size_t index,
                           uint16_t intensity);
/* Returns the number of values that a channel can have. */
size_t x11_channel_count(const struct x11_channel *channel);

/* Decodes an image. Strides are in bytes; destination rows are width * 3 bytes. Reads nothing beyond `width` pixels of
   a row. */
void x11_decode(const struct x11_decoder *decoder, const uint8_t *source, size_t source_stride, uint8_t *rgb,
                size_t rgb_stride, uint32_t width, uint32_t height);

#endif
