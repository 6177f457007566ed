/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/difference.h"

#include <stdlib.h>
#include <string.h>

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Returns a pixel, or NULL outside the picture. */
static const uint8_t *difference_pixel(const struct image_view *image, uint32_t x, uint32_t y)
{
    return x < image->width && y < image->height ? image->pixels + (size_t)y * image->stride + (size_t)x * 3 : NULL;
}

static void difference_add(struct difference *d, uint32_t x, uint32_t y)
{
    uint32_t right = d->pixels ? larger(d->x + d->width, x + 1) : x + 1;
    uint32_t bottom = d->pixels ? larger(d->y + d->height, y + 1) : y + 1;
    d->x = d->pixels ? smaller(d->x, x) : x;
    d->y = d->pixels ? smaller(d->y, y) : y;
    d->width = right - d->x;
    d->height = bottom - d->y;
    d->pixels++;
}

static void difference_add_channels(struct difference *d, const uint8_t *one, const uint8_t *other)
{
    for (int i = 0; i < 3; i++)
        d->most = larger(d->most, (uint32_t)abs(one[i] - other[i]));
}

void difference_find(const struct image_view *one, const struct image_view *other, struct difference *out)
{
    uint32_t width = larger(one->width, other->width), height = larger(one->height, other->height);
    *out = (struct difference){.total = (uint64_t)width * height,
                               .same_size = one->width == other->width && one->height == other->height};
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++) {
            const uint8_t *a = difference_pixel(one, x, y), *b = difference_pixel(other, x, y);
            if (a && b && memcmp(a, b, 3) == 0)
                continue;
            if (a && b)
                difference_add_channels(out, a, b);
            difference_add(out, x, y);
        }
}

static void difference_draw_pixel(uint8_t *to, const uint8_t *one, const uint8_t *other)
{
    if (one && other && memcmp(one, other, 3) == 0) {
        memset(to, (one[0] + one[1] + one[2]) / 12, 3);
    } else {
        to[0] = one && other ? 255 : 0;
        to[1] = 0;
        to[2] = one && other ? 0 : 255;
    }
}

int difference_draw(const struct image_view *one, const struct image_view *other, uint8_t **pixels,
                    struct image_view *image, struct error *err)
{
    uint32_t width = larger(one->width, other->width), height = larger(one->height, other->height);
    *image = (struct image_view){.width = width, .height = height, .stride = width * 3, .format = PIXEL_RGB24};
    *pixels = NULL;
    int status = image_check_size("the difference", width, height, err);
    if (status)
        return status;
    *pixels = malloc((size_t)width * height * 3);
    image->pixels = *pixels;
    if (!*pixels)
        return error_set(err, ERR_NO_MEMORY, "no memory for a picture of the difference, %ux%u pixels", width, height);
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++)
            difference_draw_pixel(*pixels + ((size_t)y * width + x) * 3, difference_pixel(one, x, y),
                                  difference_pixel(other, x, y));
    return 0;
}
