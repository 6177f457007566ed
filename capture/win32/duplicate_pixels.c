/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/win32/duplicate_pixels.h"

#include <string.h>

static bool is_turned(enum duplicate_rotation rotation)
{
    return rotation == ROTATION_90 || rotation == ROTATION_270;
}

static int check(const struct duplicate_pixels *pixels, const struct rect *output, enum duplicate_rotation rotation,
                 struct error *err)
{
    uint32_t width = is_turned(rotation) ? pixels->height : pixels->width;
    uint32_t height = is_turned(rotation) ? pixels->width : pixels->height;
    bool known = pixels->format == FORMAT_BGRA8 || pixels->format == FORMAT_BGRX8 || pixels->format == FORMAT_RGBA8 ||
                 pixels->format == FORMAT_RGB10A2;
    if (!known)
        return error_set(err, ERR_UNAVAILABLE, "its pixels have the format %u, which is not read", pixels->format);
    if (rotation > ROTATION_270)
        return error_set(err, ERR_UNAVAILABLE, "it is turned in an unknown way (%d)", rotation);
    if (width != output->width || height != output->height)
        return error_set(err, ERR_UNAVAILABLE, "it gave %ux%u pixels where the desktop has %ux%u", width, height,
                         output->width, output->height);
    if (!pixels->bytes || pixels->pitch / 4 < pixels->width)
        return error_set(err, ERR_UNAVAILABLE, "its rows of %u pixels have %u bytes", pixels->width, pixels->pitch);
    return 0;
}

static void convert(uint8_t *rgb, const uint8_t *pixel, uint32_t format)
{
    uint32_t packed;
    bool blue_first = format == FORMAT_BGRA8 || format == FORMAT_BGRX8;
    if (format != FORMAT_RGB10A2) {
        rgb[0] = pixel[blue_first ? 2 : 0];
        rgb[1] = pixel[1];
        rgb[2] = pixel[blue_first ? 0 : 2];
        return;
    }
    memcpy(&packed, pixel, sizeof packed);
    rgb[0] = (uint8_t)(packed >> 2);
    rgb[1] = (uint8_t)(packed >> 12);
    rgb[2] = (uint8_t)(packed >> 22);
}

/* Where in the texture that pixel of the output is. */
static const uint8_t *find(const struct duplicate_pixels *pixels, enum duplicate_rotation rotation, uint32_t x,
                           uint32_t y)
{
    uint32_t from_x = x, from_y = y;
    if (rotation == ROTATION_90) {
        from_x = y;
        from_y = pixels->height - 1 - x;
    } else if (rotation == ROTATION_180) {
        from_x = pixels->width - 1 - x;
        from_y = pixels->height - 1 - y;
    } else if (rotation == ROTATION_270) {
        from_x = pixels->width - 1 - y;
        from_y = x;
    }
    return pixels->bytes + (size_t)from_y * pixels->pitch + (size_t)from_x * 4;
}

int duplicate_place(uint8_t *rgb, const struct rect *area, const struct duplicate_pixels *pixels,
                    const struct rect *output, enum duplicate_rotation rotation, struct error *err)
{
    int status = check(pixels, output, rotation, err);
    for (uint32_t y = 0; y < output->height && status == 0; y++) {
        int64_t to_y = (int64_t)output->y + y - area->y;
        for (uint32_t x = 0; x < output->width && to_y >= 0 && to_y < area->height; x++) {
            int64_t to_x = (int64_t)output->x + x - area->x;
            if (to_x >= 0 && to_x < area->width)
                convert(rgb + ((size_t)to_y * area->width + (size_t)to_x) * 3, find(pixels, rotation, x, y),
                        pixels->format);
        }
    }
    return status;
}
