/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/ppm.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

size_t ppm_header(char header[PPM_HEADER_MAX], const struct image_view *image)
{
    return (size_t)snprintf(header, PPM_HEADER_MAX, "P6\n%" PRIu32 " %" PRIu32 "\n255\n", image->width, image->height);
}

int ppm_encode(struct buffer *out, const struct image_view *image, struct error *err)
{
    char header[PPM_HEADER_MAX];
    size_t header_len = ppm_header(header, image), row_len = (size_t)image->width * 3;
    uint8_t *next = buffer_extend(out, header_len + row_len * image->height);
    if (!next)
        return error_set(err, ERR_LIMIT, "the PPM of %ux%u pixels exceeds the %zu bytes it may have, or memory",
                         image->width, image->height, out->limit);
    memcpy(next, header, header_len);
    next += header_len;
    for (uint32_t y = 0; y < image->height; y++, next += row_len)
        memcpy(next, image->pixels + (size_t)y * image->stride, row_len);
    return 0;
}
