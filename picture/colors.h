/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a CRTC converts the colours of its composed picture: a table, a matrix, another table. Memory in, values out.
 * The model is that of the kernel's drm_color_mgmt.c; tables are interpolated between their entries.
 */
#ifndef PICTURE_COLORS_H
#define PICTURE_COLORS_H

#include "picture/formats.h"

#include <stddef.h>

#define COLORS_TABLE_MAX 65536 /* entries */
#define COLORS_MATRIX_SIZE 72  /* bytes of struct drm_color_ctm */

struct color_table {
    struct color *entries; /* owned; NULL: values stay as they are */
    size_t count;
};

struct colors {
    struct color_table degamma, gamma; /* before and after the matrix */
    bool has_matrix;
    double matrix[9]; /* rows, of red, green, blue */
    uint16_t *all;    /* owned: each channel's conversion, by its value; NULL: not prepared, or a matrix mixes them */
};

/* Reads blobs of the kernel: arrays of struct drm_color_lut, and a struct drm_color_ctm (numbers of sign and magnitude
   with 31 bits before and 32 bits after the point). A table that changes no 8-bit value and the identity matrix count
   as none. Returns false when there is no memory or the blob is of another form. */
bool color_table_read(struct color_table *table, const uint8_t *bytes, size_t len);
bool colors_read_matrix(struct colors *colors, const uint8_t *bytes, size_t len);
void colors_deinit(struct colors *colors); /* accepts zeroed ones; leaves them zeroed */

/* Prepares for colors_apply(). Returns false when there is no memory. */
bool colors_prepare(struct colors *colors);
/* Converts a row in place. */
void colors_apply(const struct colors *colors, struct color *row, uint32_t width);

/* Returns whether it changes the channels in different ways, so that grey is not grey any more. */
bool colors_tint(const struct colors *colors);

#endif
