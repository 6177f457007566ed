/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The CRC for comparing a picture with the display hardware's own CRC. It is computed as the kernel's virtual driver
 * vkms (Linux 6.1) does it over what it scans out.
 *
 * It is the CRC-32 of IEEE 802.3 (reflected, polynomial 0xedb88320), but begins with 0 and is not inverted at either
 * end. It covers the rows from top to bottom without anything between them. Each pixel is four little-endian 16-bit
 * values: 0xffff (alpha), red, green, blue.
 */
#ifndef PICTURE_CRC_H
#define PICTURE_CRC_H

#include "picture/formats.h"
#include "picture/image.h"

/* Adds the pixels of a row to the CRC of those above it, which is 0 for none. The row is of 16 bits a channel, as hardware
   composes. */
uint32_t picture_crc_add(uint32_t crc, const struct color *row, uint32_t width);

/* Computes the CRC of a picture of 8 bits a channel, each value multiplied by 257. */
uint32_t picture_crc(const struct image_view *image);

#endif
