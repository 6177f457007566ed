/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mouse pointer as GDI knows it. */
#ifndef CAPTURE_WIN32_GDI_CURSOR_H
#define CAPTURE_WIN32_GDI_CURSOR_H

#include "capture/capture.h"
#include "picture/cursor.h"

/* Draws it where it is into a picture of that part of the virtual screen; says what became of it. */
const char *gdi_cursor_draw(const struct cursor_canvas *canvas, const struct rect *area);
/* That pointer (an HCURSOR) with its hot spot at x, y of the picture; false when its shape can't be had. */
bool gdi_cursor_draw_shape(const struct cursor_canvas *canvas, void *cursor, int x, int y);

#endif
