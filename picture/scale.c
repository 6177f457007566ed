/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/scale.h"

#include <stdlib.h>
#include <string.h>

/* Adds a row's channels to the sums of the boxes that they are in. */
static void scale_add_row(const uint8_t *row, uint32_t width, uint32_t divisor, uint32_t *sums)
{
    for (uint32_t x = 0; x < width; sums += 3)
        for (uint32_t end = width - x < divisor ? width : x + divisor; x < end; x++, row += 3) {
            sums[0] += row[0];
            sums[1] += row[1];
            sums[2] += row[2];
        }
}

/* Writes the means of a row of boxes. */
static void scale_put_row(const uint32_t *sums, uint32_t width, uint32_t divisor, uint32_t rows, uint8_t *out)
{
    for (uint32_t x = 0; x < width; x += divisor) {
        uint32_t count = rows * (width - x < divisor ? width - x : divisor);
        for (int channel = 0; channel < 3; channel++)
            *out++ = (uint8_t)((*sums++ + count / 2) / count);
    }
}

int image_scale_down(const struct image_view *image, uint32_t divisor, struct image_view *out, uint8_t **pixels,
                     struct error *err)
{
    uint32_t width = (image->width - 1) / divisor + 1, height = (image->height - 1) / divisor + 1;
    size_t stride = (size_t)width * 3;
    uint32_t *sums = malloc(stride * sizeof *sums);
    *pixels = sums ? malloc(stride * height) : NULL;
    if (!*pixels) {
        free(sums);
        return error_set(err, ERR_NO_MEMORY, "no memory for a picture of %ux%u pixels", width, height);
    }
    for (uint32_t y = 0; y < image->height; y += divisor) {
        uint32_t rows = image->height - y < divisor ? image->height - y : divisor;
        memset(sums, 0, stride * sizeof *sums);
        for (uint32_t i = 0; i < rows; i++)
            scale_add_row(image->pixels + (size_t)(y + i) * image->stride, image->width, divisor, sums);
        scale_put_row(sums, image->width, divisor, rows, *pixels + y / divisor * stride);
    }
    free(sums);
    *out = (struct image_view){*pixels, width, height, (uint32_t)stride, PIXEL_RGB24};
    return 0;
}
