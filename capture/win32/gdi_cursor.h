/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mouse pointer as GDI knows it. */
#ifndef CAPTURE_WIN32_GDI_CURSOR_H
#define CAPTURE_WIN32_GDI_CURSOR_H

#include "capture/capture.h"
#include "picture/cursor.h"

/* Draws the cursor at its position into a picture of that area of the virtual screen. Returns the value of the fact
   `cursor`. */
const char *gdi_cursor_draw(const struct cursor_canvas *canvas, const struct rect *area);
/* Draws `cursor` (an HCURSOR) with its hot spot at x, y of the picture. Returns false when its shape can't be read. */
bool gdi_cursor_draw_shape(const struct cursor_canvas *canvas, void *cursor, int x, int y);

/* Adds the facts of capture/pointer.h, for a picture of that area. Without its own shape it is an arrow, as it is drawn. */
void gdi_pointer_add(const struct rect *area, bool shape, struct strlist *facts);
/* Adds them for `cursor` (an HCURSOR). Returns false when its shape can't be read. */
bool gdi_pointer_add_shape(void *cursor, int32_t x, int32_t y, bool shape, struct strlist *facts);

#endif
