/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The CRC by which a picture can be held against the display hardware's own: computed as the kernel's virtual driver
 * vkms (Linux 6.1) does it over what it scans out, so that both are equal where that hardware is vkms and its planes are
 * exact in 8 bits a channel.
 *
 * It is the CRC-32 of IEEE 802.3 (reflected, polynomial 0xedb88320) that begins with 0 and is not inverted at either end,
 * over the rows from top to bottom without anything between them, each pixel being four little-endian 16-bit values:
 * 0xffff (alpha), red, green, blue; an 8-bit value stands there times 257.
 */
#ifndef PICTURE_CRC_H
#define PICTURE_CRC_H

#include "picture/image.h"

uint32_t picture_crc(const struct image_view *image);

#endif
