/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes and reads PPM: a P6 file with 255 as its largest value. */
#ifndef PICTURE_PPM_H
#define PICTURE_PPM_H

#include "base/buffer.h"
#include "base/error.h"
#include "picture/image.h"

#define PPM_HEADER_MAX 40 /* bytes */

size_t ppm_header(char header[PPM_HEADER_MAX], const struct image_view *image); /* returns its length */

/* Appends the file to out. ERR_LIMIT when out may not hold it or there is no memory. */
int ppm_encode(struct buffer *out, const struct image_view *image, struct error *err);

/* Decodes the only picture of a file; its pixels are borrowed from the bytes. ERR_INVALID says what is wrong with the
   file, ERR_LIMIT that the picture is too large. */
int ppm_decode(struct image_view *image, const uint8_t *bytes, size_t len, struct error *err);

#endif
