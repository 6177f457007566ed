/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The backend that copies the composed desktop of the process's window station by GDI. It works on every Windows. */
#ifndef CAPTURE_WIN32_GDI_H
#define CAPTURE_WIN32_GDI_H

#include "capture/capture.h"

extern const struct capture_backend capture_gdi;

#endif
