/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The backend for X servers: the screen that a running one has drawn. It starts none and changes nothing. */
#ifndef CAPTURE_X11_BACKEND_H
#define CAPTURE_X11_BACKEND_H

#include "capture/capture.h"

struct choice_scene;

extern const struct capture_backend capture_x11; /* its sources: ":0" */

/* Adds the active virtual terminal, seat0's session and the X servers that run. Nothing is connected to. `display` is
   the value of DISPLAY, or NULL. Paths are under `root`, "" but in tests. */
void x11_probe(const char *root, const char *display, struct choice_scene *scene);

#endif
