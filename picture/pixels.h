/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the pixels of an image say by themselves. */
#ifndef PICTURE_PIXELS_H
#define PICTURE_PIXELS_H

#include "picture/image.h"

#include <stdbool.h>

/* Returns whether all pixels have one colour. Sets *colour to that of the first, as 0xRRGGBB. */
bool pixels_are_uniform(const struct image_view *image, uint32_t *colour);

#endif
