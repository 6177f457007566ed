/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The CRC for comparing a picture with the display hardware's own CRC. It is computed as the kernel's virtual driver
 * vkms (Linux 6.1) does it over what it scans out. So both are equal where that hardware is vkms and its planes are
 * exact in 8 bits a channel.
 *
 * It is the CRC-32 of IEEE 802.3 (reflected, polynomial 0xedb88320), but begins with 0 and is not inverted at either
 * end. It covers the rows from top to bottom without anything between them. Each pixel is four little-endian 16-bit
 * values: 0xffff (alpha), red, green, blue; an 8-bit value is multiplied by 257.
 */
#ifndef PICTURE_CRC_H
#define PICTURE_CRC_H

#include "picture/image.h"

uint32_t picture_crc(const struct image_view *image);

#endif
