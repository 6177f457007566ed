/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What part of the virtual screen a picture is to be of. */
#ifndef CAPTURE_WIN32_GDI_AREA_H
#define CAPTURE_WIN32_GDI_AREA_H

#include "capture/win32/gdi_screen.h"

/* That of the options, with 1 to CAPTURE_SIZE_MAX pixels in each direction. */
int gdi_area_find(const struct gdi_layout *layout, const struct capture_options *options, struct rect *area,
                  struct error *err);

#endif
