/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One capture of the desktop by GDI: which area, and again until desktop, modes and monitors stay the same throughout.
   The calls are behind a table, so that tests can change the screen in the middle of a capture. */
#ifndef CAPTURE_WIN32_GDI_CAPTURE_H
#define CAPTURE_WIN32_GDI_CAPTURE_H

#include "capture/win32/gdi_screen.h"

#define GDI_CAPTURE_TRIES 3

struct gdi_capture_calls {
    int (*enter)(void *context, struct error *err); /* the input desktop */
    void (*read)(void *context, struct gdi_layout *layout);
    /* ERR_CLOSED when the desktop was closed. */
    int (*copy)(void *context, const struct rect *area, struct error *err);
};

/* Finds the area of the virtual screen that the options ask for, of a size that image_check_size() allows. */
int gdi_area_find(const struct gdi_layout *layout, const struct capture_options *options, struct rect *area,
                  struct error *err);

/* Enters the input desktop and copies the area that the options ask for. `layout` is the layout both before and after
   the copy. */
int gdi_capture(const struct gdi_capture_calls *calls, void *context, const struct capture_options *options,
                struct gdi_layout *layout, struct rect *area, struct error *err);

#endif
