/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Composes a picture of an X screen: blanks what no CRTC scans out, and draws the cursor. No X in here. */
#ifndef CAPTURE_X11_COMPOSE_H
#define CAPTURE_X11_COMPOSE_H

#include "capture/capture.h"

struct x11_canvas {
    uint8_t *rgb;     /* borrowed; R, G, B */
    size_t stride;    /* bytes */
    struct rect area; /* on the screen: the first pixel is at area.x, area.y */
};

struct x11_cursor {
    const unsigned long *argb; /* borrowed; as XFixes returns it: the low 32 bits are premultiplied ARGB */
    struct rect area;          /* on the screen, perhaps outside of it */
};

/* Fills with black what none of the rectangles, in the screen's coordinates, covers. */
void x11_blank_uncovered(const struct x11_canvas *canvas, const struct rect *covered, size_t count);
/* Draws the part of the cursor that lies in the canvas. Returns false when no visible pixel does. */
bool x11_draw_cursor(const struct x11_canvas *canvas, const struct x11_cursor *cursor);

#endif
