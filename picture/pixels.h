/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be said of an image by its pixels alone. */
#ifndef PICTURE_PIXELS_H
#define PICTURE_PIXELS_H

#include "picture/image.h"

#include <stdbool.h>

/* Whether all pixels have one colour, which `colour` gets as 0xRRGGBB. */
bool pixels_are_uniform(const struct image_view *image, uint32_t *colour);

#endif
