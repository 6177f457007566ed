/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Smaller pictures, for thumbnails. Memory in, memory out. */
#ifndef PICTURE_SCALE_H
#define PICTURE_SCALE_H

#include "picture/image.h"

#define SCALE_MAX 64 /* the largest divisor of a side */

/* Makes a picture of 1/divisor (1 to SCALE_MAX) of the width and height, rounded up. Each pixel is the mean of the box of
   divisor x divisor pixels that it stands for (of fewer at the right and lower edge), rounded to nearest. *pixels: its
   memory, for the caller to free(). Errors: ERR_NO_MEMORY. */
int image_scale_down(const struct image_view *image, uint32_t divisor, struct image_view *out, uint8_t **pixels,
                     struct error *err);

#endif
