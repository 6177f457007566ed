/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/sample/window.h"

#include <X11/Xatom.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#define DEGREES 64 /* Xlib's unit of angles is 1/64 degree */

enum colour { SKY, SUN, SEA, WAVE, TUBE, SHADE, GLASS, WHITE };

static void use_colour(struct window *w, enum colour colour)
{
    static const unsigned short rgb[][3] = {
        [SKY] = {0xa6, 0xd8, 0xf0},   [SUN] = {0xff, 0xd2, 0x3f},   [SEA] = {0x1b, 0x5e, 0x8c},
        [WAVE] = {0x2f, 0x86, 0xb8},  [TUBE] = {0x5b, 0x66, 0x6e},  [SHADE] = {0x3a, 0x43, 0x4a},
        [GLASS] = {0x9f, 0xf5, 0xd4}, [WHITE] = {0xff, 0xff, 0xff},
    };
    XColor wanted = {.red = rgb[colour][0] * 257, .green = rgb[colour][1] * 257, .blue = rgb[colour][2] * 257};
    int screen = DefaultScreen(w->display);
    if (XAllocColor(w->display, DefaultColormap(w->display, screen), &wanted))
        XSetForeground(w->display, w->gc, wanted.pixel);
}

static void box(struct window *w, enum colour colour, int x, int y, int width, int height)
{
    use_colour(w, colour);
    XFillRectangle(w->display, w->window, w->gc, x, y, (unsigned)width, (unsigned)height);
}

static void disc(struct window *w, enum colour colour, int x, int y, int diameter)
{
    use_colour(w, colour);
    XFillArc(w->display, w->window, w->gc, x, y, (unsigned)diameter, (unsigned)diameter, 0, 360 * DEGREES);
}

static void draw_sea(struct window *w)
{
    int surface = w->height * 3 / 5;
    box(w, SEA, 0, surface, w->width, w->height - surface);
    for (int row = 0; row < 4; row++)
        for (int x = -row * 20; x < w->width; x += 80) {
            use_colour(w, row == 0 ? SEA : WAVE);
            XFillArc(w->display, w->window, w->gc, x, surface - 10 + row * 36, 80, 24, 0, 180 * DEGREES);
        }
}

static void draw_periscope(struct window *w)
{
    int x = w->width / 2, surface = w->height * 3 / 5;
    box(w, TUBE, x - 30, 110, 60, surface - 90);
    box(w, SHADE, x + 14, 110, 16, surface - 90);
    box(w, TUBE, x - 30, 70, 130, 70);
    box(w, SHADE, x - 30, 126, 130, 14);
    disc(w, SHADE, x + 68, 68, 74);
    disc(w, GLASS, x + 76, 76, 58);
    disc(w, WHITE, x + 88, 86, 16);
}

static void draw_bars(struct window *w)
{
    static const enum colour bars[] = {SKY, SUN, SEA, WAVE, TUBE, SHADE, GLASS, WHITE};
    for (int i = 0; i < 8; i++)
        box(w, bars[i], 20 + i * 24, w->height - 44, 24, 24);
}

bool window_draw(struct window *w)
{
    box(w, SKY, 0, 0, w->width, w->height);
    disc(w, SUN, 60, 40, 90);
    draw_periscope(w);
    draw_sea(w);
    draw_bars(w);
    use_colour(w, WHITE);
    XDrawString(w->display, w->window, w->gc, w->width - 250, w->height - 28, "periscope: a test that draws", 28);
    return XSync(w->display, False) != 0;
}

const char *window_open(struct window *w, int width, int height, const char *title)
{
    *w = (struct window){.display = XOpenDisplay(NULL), .width = width, .height = height};
    if (!w->display)
        return "there is no X server to draw on";
    int screen = DefaultScreen(w->display);
    int x = (DisplayWidth(w->display, screen) - width) / 2, y = (DisplayHeight(w->display, screen) - height) / 2;
    w->window = XCreateSimpleWindow(w->display, RootWindow(w->display, screen), x > 0 ? x : 0, y > 0 ? y : 0,
                                    (unsigned)width, (unsigned)height, 0, 0, WhitePixel(w->display, screen));
    w->gc = XCreateGC(w->display, w->window, 0, NULL);
    XStoreName(w->display, w->window, title);
    long pid = getpid();
    XChangeProperty(w->display, w->window, XInternAtom(w->display, "_NET_WM_PID", False), XA_CARDINAL, 32,
                    PropModeReplace, (const unsigned char *)&pid, 1);
    XSelectInput(w->display, w->window, ExposureMask | StructureNotifyMask);
    XMapRaised(w->display, w->window);
    for (XEvent event = {0}; event.type != Expose;)
        XWindowEvent(w->display, w->window, ExposureMask, &event);
    return NULL;
}

static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool window_show(struct window *w, unsigned seconds)
{
    long end = now_ms() + (long)seconds * 1000;
    struct pollfd fd = {.fd = ConnectionNumber(w->display), .events = POLLIN};
    for (long left = end - now_ms(); left > 0; left = end - now_ms()) {
        if (poll(&fd, 1, (int)left) > 0)
            while (XPending(w->display)) {
                XEvent event;
                XNextEvent(w->display, &event);
                if (event.type == DestroyNotify)
                    return false;
                if (event.type == Expose && event.xexpose.count == 0)
                    window_draw(w);
            }
    }
    return true;
}

void window_close(struct window *w)
{
    XFreeGC(w->display, w->gc);
    XCloseDisplay(w->display);
}
