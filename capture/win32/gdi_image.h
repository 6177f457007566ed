/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pixels copied off the screen. */
#ifndef CAPTURE_WIN32_GDI_IMAGE_H
#define CAPTURE_WIN32_GDI_IMAGE_H

#include "capture/capture.h"

#include <windows.h>

struct gdi_image {
    HDC dc;                 /* owned; a memory context with the bitmap in it, or NULL */
    HBITMAP bitmap, before; /* owned; what the context had before */
    uint32_t *pixels;       /* the bitmap's: 0x??RRGGBB, rows from the top */
    uint32_t width, height;
    uint8_t *rgb; /* owned: what is given out */
    bool layered; /* it was copied with CAPTUREBLT */
};

/* Copies that part of the virtual screen into the bitmap. ERR_CLOSED when the desktop is one that is gone. */
int gdi_image_copy(struct gdi_image *image, const struct rect *area, struct error *err);
/* Gives the bitmap out as RGB24; valid until the next copy. */
void gdi_image_view(struct gdi_image *image, struct image_view *view);
void gdi_image_close(struct gdi_image *image); /* accepts a zeroed one */

#endif
