/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The top-level windows, without a message to any: a test would notice, and one that hangs would not answer. */
#ifndef CAPTURE_WIN32_GDI_WINDOWS_H
#define CAPTURE_WIN32_GDI_WINDOWS_H

#include "base/error.h"
#include "base/strlist.h"

#define GDI_WINDOWS_MAX 16384

int gdi_windows_list(struct strlist *lines, struct error *err);

#endif
