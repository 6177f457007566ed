/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A mapped staging texture with the pixels of one output, and its conversion into a picture of the desktop. */
#ifndef CAPTURE_WIN32_DUPLICATION_SURFACE_H
#define CAPTURE_WIN32_DUPLICATION_SURFACE_H

#include "capture/capture.h"

/* DXGI_MODE_ROTATION: the clockwise rotation from the texture to the output. */
enum duplication_rotation { ROTATION_UNSPECIFIED, ROTATION_NONE, ROTATION_90, ROTATION_180, ROTATION_270 };

/* The values of DXGI_FORMAT that can be converted. */
enum duplication_format {
    FORMAT_RGB10A2 = 24,
    FORMAT_RGBA8 = 28,
    FORMAT_BGRA8 = 87,
    FORMAT_BGRX8 = 88,
};

struct duplication_surface {
    const uint8_t *bytes; /* borrowed */
    uint32_t width, height, pitch;
    uint32_t format; /* of enum duplication_format, or any other DXGI_FORMAT */
};

/* Draws the surface of an output into `rgb`, the picture of `area`, whose rows have area->width * 3 bytes. `output` and
   `area` are in coordinates of the desktop; pixels outside of `area` are omitted. Returns ERR_UNAVAILABLE when the
   format or the rotation is unknown, or the size is not that of the output. */
int duplication_surface_draw(uint8_t *rgb, const struct rect *area, const struct duplication_surface *surface,
                             const struct rect *output, enum duplication_rotation rotation, struct error *err);

#endif
