/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads PNG files as picture/png.h writes them: RGB of 8 bits or a palette of 1 to 8, not interlaced. The file may be
   anybody's: memory is bounded by what its bytes can hold. */
#ifndef HOST_TIMELINE_PNG_READ_H
#define HOST_TIMELINE_PNG_READ_H

#include "base/buffer.h"
#include "base/error.h"
#include "picture/image.h"

struct png_size {
    uint32_t width, height;
};

/* Reads the size alone, from a file's start. ERR_INVALID if it is no PNG, or has no size that image_check_size() takes. */
int png_read_size(struct png_size *size, struct slice file, struct error *err);

/* Reads the picture: PIXEL_RGB24 without padding, in pixels that the caller frees. ERR_INVALID, ERR_LIMIT,
   ERR_NO_MEMORY. */
int png_read(uint8_t **pixels, struct image_view *image, struct slice file, struct error *err);

#endif
