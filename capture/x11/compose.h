/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finishing a picture of an X screen: what no output shows is made black, and the cursor is drawn. Memory only. */
#ifndef CAPTURE_X11_COMPOSE_H
#define CAPTURE_X11_COMPOSE_H

#include "capture/capture.h"

struct x11_canvas {
    uint8_t *rgb;     /* borrowed; R, G, B */
    size_t stride;    /* bytes */
    struct rect area; /* of the screen: the first pixel is the one at area.x, area.y */
};

struct x11_cursor {
    const unsigned long *argb; /* borrowed; as XFixes gives it: the low 32 bits, colours multiplied by alpha */
    struct rect area;          /* of the screen; may lie outside of it */
};

/* Makes black what lies in none of the rectangles of the screen. */
void x11_blank_uncovered(const struct x11_canvas *canvas, const struct rect *covered, size_t count);
/* Draws what of it lies in the canvas; false when nothing that can be seen does. */
bool x11_draw_cursor(const struct x11_canvas *canvas, const struct x11_cursor *cursor);

#endif
