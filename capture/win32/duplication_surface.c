/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/win32/duplication_surface.h"

#include "picture/formats.h"

#include <string.h>

static bool surface_is_transposed(enum duplication_rotation rotation)
{
    return rotation == ROTATION_90 || rotation == ROTATION_270;
}

static int surface_check(const struct duplication_surface *surface, const struct rect *output,
                         enum duplication_rotation rotation, struct error *err)
{
    uint32_t width = surface_is_transposed(rotation) ? surface->height : surface->width;
    uint32_t height = surface_is_transposed(rotation) ? surface->width : surface->height;
    bool known = surface->format == FORMAT_BGRA8 || surface->format == FORMAT_BGRX8 ||
                 surface->format == FORMAT_RGBA8 || surface->format == FORMAT_RGB10A2;
    if (!known)
        return error_set(err, ERR_UNAVAILABLE, "its pixels have the format %u, which is not read", surface->format);
    if (rotation > ROTATION_270)
        return error_set(err, ERR_UNAVAILABLE, "it is turned in an unknown way (%d)", rotation);
    if (width != output->width || height != output->height)
        return error_set(err, ERR_UNAVAILABLE, "it gave %ux%u pixels where the desktop has %ux%u", width, height,
                         output->width, output->height);
    if (!surface->bytes || surface->pitch / 4 < surface->width)
        return error_set(err, ERR_UNAVAILABLE, "its rows of %u pixels have %u bytes", surface->width, surface->pitch);
    return 0;
}

/* Widens ten bits to 16, which are then rounded. */
static uint8_t surface_round(uint32_t value)
{
    value &= 1023;
    return color_to_8_bits((uint16_t)(value << 6 | value >> 4));
}

static void surface_convert_pixel(uint8_t *rgb, const uint8_t *pixel, uint32_t format)
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
    rgb[0] = surface_round(packed);
    rgb[1] = surface_round(packed >> 10);
    rgb[2] = surface_round(packed >> 20);
}

/* Returns the texel of the pixel x, y of the output. */
static const uint8_t *surface_locate(const struct duplication_surface *surface, enum duplication_rotation rotation,
                                     uint32_t x, uint32_t y)
{
    uint32_t from_x = x, from_y = y;
    if (rotation == ROTATION_90) {
        from_x = y;
        from_y = surface->height - 1 - x;
    } else if (rotation == ROTATION_180) {
        from_x = surface->width - 1 - x;
        from_y = surface->height - 1 - y;
    } else if (rotation == ROTATION_270) {
        from_x = surface->width - 1 - y;
        from_y = x;
    }
    return surface->bytes + (size_t)from_y * surface->pitch + (size_t)from_x * 4;
}

int duplication_surface_draw(uint8_t *rgb, const struct rect *area, const struct duplication_surface *surface,
                             const struct rect *output, enum duplication_rotation rotation, struct error *err)
{
    int status = surface_check(surface, output, rotation, err);
    for (uint32_t y = 0; y < output->height && status == 0; y++) {
        int64_t to_y = (int64_t)output->y + y - area->y;
        for (uint32_t x = 0; x < output->width && to_y >= 0 && to_y < area->height; x++) {
            int64_t to_x = (int64_t)output->x + x - area->x;
            if (to_x >= 0 && to_x < area->width)
                surface_convert_pixel(rgb + ((size_t)to_y * area->width + (size_t)to_x) * 3,
                                      surface_locate(surface, rotation, x, y), surface->format);
        }
    }
    return status;
}
