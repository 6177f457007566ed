/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts about the monitors. */
#ifndef CAPTURE_WIN32_GDI_DISPLAYS_H
#define CAPTURE_WIN32_GDI_DISPLAYS_H

#include "capture/win32/gdi_screen.h"

/* Adds display.count and display.N.* with that backend's name. */
void gdi_displays_list(const struct gdi_layout *layout, const char *backend, struct strlist *facts);
/* Adds gdi.monitor.NAME and gdi.dpi.NAME, and a warning when there is no monitor. */
void gdi_layout_facts(const struct gdi_layout *layout, struct strlist *facts);

#endif
