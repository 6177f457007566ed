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

static bool is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* Skips white space and comments. Returns false when there is none of either. */
static bool ppm_skip_space(const uint8_t *bytes, size_t len, size_t *at)
{
    size_t start = *at;
    while (*at < len && (is_space(bytes[*at]) || bytes[*at] == '#'))
        if (bytes[*at] == '#')
            while (*at < len && bytes[*at] != '\n')
                ++*at;
        else
            ++*at;
    return *at > start;
}

static bool ppm_take_number(const uint8_t *bytes, size_t len, size_t *at, uint32_t *number)
{
    if (!ppm_skip_space(bytes, len, at))
        return false;
    size_t start = *at;
    for (*number = 0; *at < len && bytes[*at] >= '0' && bytes[*at] <= '9'; ++*at) {
        *number = *number * 10 + (bytes[*at] - '0');
        if (*number > IMAGE_SIZE_MAX)
            return false;
    }
    return *at > start;
}

int ppm_decode(struct image_view *image, const uint8_t *bytes, size_t len, struct error *err)
{
    uint32_t largest;
    size_t at = 2;
    *image = (struct image_view){.format = PIXEL_RGB24};
    if (len < 2 || memcmp(bytes, "P6", 2) != 0)
        return error_set(err, ERR_INVALID, "it is not a PPM (P6)");
    if (!ppm_take_number(bytes, len, &at, &image->width) || !ppm_take_number(bytes, len, &at, &image->height) ||
        !ppm_take_number(bytes, len, &at, &largest) || at == len || !is_space(bytes[at]))
        return error_set(err, ERR_INVALID, "its header is wrong, or of more than %d pixels", IMAGE_SIZE_MAX);
    at++;
    if (image->width && image->height && image_check_size("it", image->width, image->height, err))
        return ERR_LIMIT;
    if (largest != 255 || image->width < 1 || image->height < 1)
        return error_set(err, ERR_INVALID, "it has %ux%u pixels of values to %u", image->width, image->height, largest);
    if (len - at != (size_t)image->width * image->height * 3)
        return error_set(err, ERR_INVALID, "it has %zu bytes of pixels for %ux%u", len - at, image->width,
                         image->height);
    image->stride = image->width * 3;
    image->pixels = bytes + at;
    return 0;
}
