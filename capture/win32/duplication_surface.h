/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pixels of one output, as desktop duplication gives them, into a picture of the desktop. */
#ifndef CAPTURE_WIN32_DUPLICATION_SURFACE_H
#define CAPTURE_WIN32_DUPLICATION_SURFACE_H

#include "capture/capture.h"

/* As DXGI_MODE_ROTATION numbers them: how the output is turned, clockwise, from what the texture holds. */
enum duplication_rotation { ROTATION_UNSPECIFIED, ROTATION_NONE, ROTATION_90, ROTATION_180, ROTATION_270 };

/* As DXGI_FORMAT numbers them: those that can be read. */
enum duplication_format {
    FORMAT_RGB10A2 = 24,
    FORMAT_RGBA8 = 28,
    FORMAT_BGRA8 = 87,
    FORMAT_BGRX8 = 88,
};

struct duplication_surface {
    const uint8_t *bytes; /* borrowed */
    uint32_t width, height, pitch;
    uint32_t format; /* of enum duplication_format, or any other number */
};

/* `output` and `area`, the picture's, are on the desktop; what is outside of `area` is left out. ERR_UNAVAILABLE when the
   format, the rotation or the size are not what they must be. */
int duplication_surface_draw(uint8_t *rgb, const struct rect *area, const struct duplication_surface *surface,
                             const struct rect *output, enum duplication_rotation rotation, struct error *err);

#endif
