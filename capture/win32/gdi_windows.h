/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The top-level windows. No window is sent a message: a test would notice it, and a hung window would not answer. */
#ifndef CAPTURE_WIN32_GDI_WINDOWS_H
#define CAPTURE_WIN32_GDI_WINDOWS_H

#include "base/error.h"
#include "base/strlist.h"

#define GDI_WINDOWS_MAX 16384

/* Adds a line for each top-level window, bottom to top. Returns ERR_LIMIT when there are more than GDI_WINDOWS_MAX. */
int gdi_windows_list(struct strlist *lines, struct error *err);

#endif
