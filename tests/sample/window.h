/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A window with a picture that one recognises: a periscope that looks out of the sea. */
#ifndef TESTS_SAMPLE_WINDOW_H
#define TESTS_SAMPLE_WINDOW_H

#include <X11/Xlib.h>
#include <stdbool.h>

struct window {
    Display *display;
    Window window;
    GC gc;
    int width, height;
};

/* NULL, or why there is no window. Without a window manager it stands in the middle of the screen. */
const char *window_open(struct window *window, int width, int height, const char *title);
bool window_draw(struct window *window);
bool window_show(struct window *window, unsigned seconds); /* draws again what was covered */
void window_close(struct window *window);

#endif
