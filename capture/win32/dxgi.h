/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The backend that captures the desktop of a Windows session by desktop duplication: also what GDI can't see. */
#ifndef CAPTURE_WIN32_DXGI_H
#define CAPTURE_WIN32_DXGI_H

#include "capture/capture.h"

extern const struct capture_backend capture_dxgi;

#endif
