/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pixels of a screen that held still: modes, monitors and the desktop may change while they are copied. The calls are
   behind a table, so that tests can change them in the middle. */
#ifndef CAPTURE_WIN32_GDI_TAKE_H
#define CAPTURE_WIN32_GDI_TAKE_H

#include "capture/win32/gdi_screen.h"

#define GDI_TAKE_TRIES 3

struct gdi_take_calls {
    int (*enter)(void *context, struct error *err); /* the desktop that has the input */
    void (*read)(void *context, struct gdi_layout *layout);
    /* ERR_CLOSED when the desktop is gone. */
    int (*copy)(void *context, const struct rect *area, struct error *err);
};

/* Enters the desktop that has the input, and copies what the options ask for of it. `layout` is that of the pixels, before
   and after the copy. */
int gdi_take(const struct gdi_take_calls *calls, void *context, const struct capture_options *options,
             struct gdi_layout *layout, struct rect *area, struct error *err);

#endif
