/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys, characters and the pointer for the desktop that has the input, by SendInput. */
#ifndef CAPTURE_WIN32_GDI_INPUT_H
#define CAPTURE_WIN32_GDI_INPUT_H

#include "capture/input/hands.h"
#include "capture/win32/gdi_screen.h"

/* Does the actions on a desktop of this layout, which this thread has entered. All are checked first. */
int gdi_input_do(struct hands *hands, const struct gdi_layout *layout, const struct input_list *list,
                 struct error *err);
int gdi_input_leave(struct hands *hands, struct error *err);

#endif
