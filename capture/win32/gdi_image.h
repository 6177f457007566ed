/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bitmap that areas of the screen are copied into. */
#ifndef CAPTURE_WIN32_GDI_IMAGE_H
#define CAPTURE_WIN32_GDI_IMAGE_H

#include "capture/capture.h"

#include <windows.h>

struct gdi_image {
    HDC dc;                 /* owned; a memory device context with the bitmap selected, or NULL */
    HBITMAP bitmap, before; /* owned; the bitmap that was selected before */
    uint32_t *pixels;       /* the bitmap's: 0x??RRGGBB, rows from top to bottom */
    uint32_t width, height;
    uint8_t *rgb; /* owned: the converted picture */
    bool layered; /* CAPTUREBLT was used */
};

/* Copies that area of the virtual screen into the bitmap. Returns ERR_CLOSED when the desktop was closed. */
int gdi_image_copy(struct gdi_image *image, const struct rect *area, struct error *err);
/* Converts the bitmap to RGB24. The view is valid until the next copy. */
void gdi_image_view(struct gdi_image *image, struct image_view *view);
void gdi_image_close(struct gdi_image *image); /* accepts a zeroed one */

#endif
