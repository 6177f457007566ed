/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes and reads PPM: a P6 file with 255 as its largest value. */
#ifndef PICTURE_PPM_H
#define PICTURE_PPM_H

#include "base/buffer.h"
#include "base/error.h"
#include "picture/image.h"

#define PPM_HEADER_MAX 40 /* bytes */

size_t ppm_header(char header[PPM_HEADER_MAX], const struct image_view *image); /* its length */

/* Appends the file to out. ERR_LIMIT when out may not hold it or there is no memory. */
int ppm_encode(struct buffer *out, const struct image_view *image, struct error *err);

/* The one picture that a file is; its pixels are borrowed from the bytes. ERR_INVALID tells what is wrong with it. */
int ppm_decode(struct image_view *image, const uint8_t *bytes, size_t len, struct error *err);

#endif
