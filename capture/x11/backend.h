/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The backend for X servers: captures the screen of a running one. It starts no server and changes nothing. Each server is
   captured by a process of its own, as its owner. */
#ifndef CAPTURE_X11_BACKEND_H
#define CAPTURE_X11_BACKEND_H

#include "capture/capture.h"

struct choice_scene;

extern const struct capture_backend capture_x11; /* its sources: ":0" */
/* What such a process serves: the one server that options->target describes. */
extern const struct capture_backend capture_x11_here;

/* Adds the active virtual terminal, seat0's session and the running X servers to the scene, without connecting to any
   server. `display` is the value of DISPLAY, or NULL. Paths are under `root`, which is "" except in tests. */
void x11_probe(const char *root, const char *display, struct choice_scene *scene);

/* Adds which cards the Wayland compositor of seat0's active session has open, after the other probes, and only where that
   can matter: where several cards have an active output and no X server that is shown drives one. Looks at the processes
   of the session and of its user, or at all where no session is known; timeout_ms at most. */
#define COMPOSITOR_MS 1000
void compositor_probe(const char *root, int timeout_ms, struct choice_scene *scene);
/* Finds it in the same way, whether or not it matters to the choice. */
struct choice_compositor;
void compositor_find(const char *root, int timeout_ms, struct choice_compositor *out);

#endif
