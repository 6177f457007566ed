/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The layout of an X screen: its size, its outputs and its active CRTCs. */
#ifndef CAPTURE_X11_SCREEN_H
#define CAPTURE_X11_SCREEN_H

#include "capture/capture.h"
#include "capture/x11/connection.h"

#define X11_OUTPUTS_MAX 64
#define X11_OUTPUT_NAME_SIZE 128 /* bytes; a longer name is an error */

struct x11_output {
    char name[X11_OUTPUT_NAME_SIZE];
    struct rect area; /* on the screen */
};

struct x11_screen {
    int number;             /* S of :N.S */
    uint32_t width, height; /* of the root window */
    struct x11_output outputs[X11_OUTPUTS_MAX];
    size_t output_count;
    struct rect
        crtcs[X11_OUTPUTS_MAX]; /* areas that active CRTCs scan out: the rest of the root window is not visible */
    XID crtc_ids[X11_OUTPUTS_MAX];
    size_t crtc_count; /* 0: unknown */
    Time changed;      /* RandR's timestamp of the last change */
};

/* Reads the layout of screen number `number`. Without RandR the screen is one output. On screens other than the
   connection's default one the names of outputs begin with "screenN.". */
int x11_screen_read(struct x11_connection *connection, int number, struct x11_screen *screen, struct error *err);
/* Puts RandR's outputs, by their own names, in the place of the monitors of a layout that was read. Whoever made a monitor
   chose its name, and it may be a part of an output or several of them. Without RandR nothing changes. */
int x11_screen_read_outputs(struct x11_connection *connection, struct x11_screen *screen, struct error *err);
/* Returns whether the layout is still the one that was read. */
bool x11_screen_is_current(struct x11_connection *connection, const struct x11_screen *screen);

#endif
