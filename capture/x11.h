/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The backend for X servers: the screen that a running one has drawn. It starts none and changes nothing. */
#ifndef CAPTURE_X11_H
#define CAPTURE_X11_H

#include "capture/capture.h"

extern const struct capture_backend capture_x11;

#endif
