/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be said of an image by its pixels alone. */
#ifndef CAPTURE_PIXELS_H
#define CAPTURE_PIXELS_H

#include "capture/capture.h"

/* Whether all pixels have one colour, which `colour` gets as 0xRRGGBB. */
bool pixels_are_uniform(const struct image_view *image, uint32_t *colour);

#endif
