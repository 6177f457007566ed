/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An X client for the tests of capture: does what standard input tells, a command a line, and answers each with the line
 * "ok", or with what it was asked for. Nothing of it is the project's: it draws what is then to be captured.
 *
 *     noise SEED                  fills the root window with random pixel values
 *     clear                       fills it with the pixel 0
 *     box PIXEL X Y W H           fills a rectangle of it; PIXEL in hexadecimal digits
 *     colormap SEED               installs a colour map of random colours (visuals that have one of their own)
 *     cursor W H XHOT YHOT SEED   a cursor of random colours and alpha, through Render
 *     bitmap-cursor W H XHOT YHOT SEED  one of black and white, up to 64x64, as the core protocol has them
 *     box X Y W H RRGGBB          draws a rectangle on the root window
 *     warp X Y                    moves the pointer, by the server alone
 *     motion X Y                  moves it as its device does; answers "missing" without libXtst
 *     grab, ungrab                the whole server
 *     kill-others                 ends the connections of clients that have shared memory attached
 *     window X Y W H FLAGS CLASS PID TITLE
 *                                 a mapped window; answers its id. FLAGS of: o override-redirect, l title in Latin-1, u not
 *                                 mapped, - none. CLASS and PID may be "-" for none; TITLE has %XX for any byte.
 *     move ID X Y, iconify ID, destroy ID
 *     manager NAME                a window as EWMH demands of a window manager, named by the root window; answers its id
 *     claim ID OTHER              the root window names ID, which names OTHER; 0: names none
 *     fill COUNT                  maps as many small windows
 *     watch                       a window over the screen that has the focus, and gets keys and buttons
 *     events                      answers what it has got: kN and KN, the key with this keycode went down, up; bN, BN of buttons
 *     held                        answers the keycodes that are down, then `X,Y MASK` of the pointer
 *     load FILE                   takes a P6 file of the root window's size into the server's memory
 *     show W H X Y FROMX FROMY    copies a part of it to the root window
 *     churn COUNT                 makes and destroys as many windows, one after another
 */
#include <X11/Xatom.h>
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <X11/extensions/Xrender.h>

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_SIZE 4096

static Display *display;
static int screen;
static Window root;
static uint32_t state;

static uint8_t next_random(void)
{
    state = state * 1664525u + 1013904223u;
    return (uint8_t)(state >> 24);
}

static void fill_root(const char *seed)
{
    Window same;
    int x, y;
    unsigned width, height, border, depth; /* now, not when we connected */
    XGetGeometry(display, root, &same, &x, &y, &width, &height, &border, &depth);
    XImage *image = XCreateImage(display, DefaultVisual(display, screen), (unsigned)DefaultDepth(display, screen),
                                 ZPixmap, 0, NULL, width, height, 32, 0);
    size_t size = (size_t)image->bytes_per_line * height;
    image->data = calloc(1, size);
    state = seed ? (uint32_t)atoi(seed) : 0;
    for (size_t i = 0; seed && i < size; i++)
        image->data[i] = (char)next_random();
    XPutImage(display, root, DefaultGC(display, screen), image, 0, 0, 0, 0, width, height);
    XDestroyImage(image);
}

static void do_noise(const char *arguments)
{
    fill_root(arguments);
}

static void do_clear(const char *arguments)
{
    (void)arguments;
    fill_root(NULL);
}

static void do_colormap(const char *arguments)
{
    Visual *visual = DefaultVisual(display, screen);
    Colormap map = XCreateColormap(display, root, visual, AllocAll);
    state = (uint32_t)atoi(arguments);
    for (int i = 0; i < visual->map_entries; i++) {
        XColor color = {.flags = DoRed | DoGreen | DoBlue};
        unsigned long all =
            visual->class == DirectColor ? visual->red_mask | visual->green_mask | visual->blue_mask : 0;
        unsigned long value = (unsigned long)i;
        color.pixel = value;
        if (all)
            color.pixel = (value * (visual->red_mask & -visual->red_mask) & visual->red_mask) |
                          (value * (visual->green_mask & -visual->green_mask) & visual->green_mask) |
                          (value * (visual->blue_mask & -visual->blue_mask) & visual->blue_mask);
        color.red = (uint16_t)(next_random() << 8 | next_random());
        color.green = (uint16_t)(next_random() << 8 | next_random());
        color.blue = (uint16_t)(next_random() << 8 | next_random());
        XStoreColor(display, map, &color);
    }
    XInstallColormap(display, map);
}

static void do_cursor(const char *arguments)
{
    unsigned width, height, x_hot, y_hot;
    sscanf(arguments, "%u %u %u %u %u", &width, &height, &x_hot, &y_hot, &state);
    XImage *image = XCreateImage(display, DefaultVisual(display, screen), 32, ZPixmap, 0, NULL, width, height, 32, 0);
    image->data = malloc((size_t)image->bytes_per_line * height);
    for (unsigned y = 0; y < height; y++)
        for (unsigned x = 0; x < width; x++) {
            uint32_t alpha = x == 0 ? 0 : x == 1 ? 255 : next_random(), pixel = alpha << 24;
            for (int shift = 0; shift < 24; shift += 8)
                pixel |= next_random() * alpha / 255 << shift; /* premultiplied */
            XPutPixel(image, (int)x, (int)y, pixel);
        }
    Pixmap pixmap = XCreatePixmap(display, root, width, height, 32);
    GC gc = XCreateGC(display, pixmap, 0, NULL);
    XPutImage(display, pixmap, gc, image, 0, 0, 0, 0, width, height);
    Picture picture =
        XRenderCreatePicture(display, pixmap, XRenderFindStandardFormat(display, PictStandardARGB32), 0, NULL);
    XDefineCursor(display, root, XRenderCreateCursor(display, picture, x_hot, y_hot));
    XDestroyImage(image);
}

static Pixmap random_bitmap(unsigned width, unsigned height)
{
    char bits[8 * 64];
    for (size_t i = 0; i < sizeof bits; i++)
        bits[i] = (char)next_random();
    return XCreateBitmapFromData(display, root, bits, width, height);
}

static void do_bitmap_cursor(const char *arguments)
{
    unsigned width, height, x_hot, y_hot;
    sscanf(arguments, "%u %u %u %u %u", &width, &height, &x_hot, &y_hot, &state);
    XColor black = {.red = 0}, white = {.red = 0xffff, .green = 0xffff, .blue = 0xffff};
    Pixmap source = random_bitmap(width, height), mask = random_bitmap(width, height);
    XDefineCursor(display, root, XCreatePixmapCursor(display, source, mask, &black, &white, x_hot, y_hot));
}

static void do_box(const char *arguments)
{
    int x, y;
    unsigned width, height;
    unsigned long colour;
    sscanf(arguments, "%d %d %u %u %lx", &x, &y, &width, &height, &colour);
    XSetForeground(display, DefaultGC(display, screen), colour);
    XFillRectangle(display, root, DefaultGC(display, screen), x, y, width, height);
}

static void do_warp(const char *arguments)
{
    int x, y;
    sscanf(arguments, "%d %d", &x, &y);
    XWarpPointer(display, None, root, 0, 0, 0, 0, x, y);
}

/* The header of this library need not be there. */
static void do_motion(const char *arguments)
{
    int x, y, (*move)(Display *, int, int, int, unsigned long);
    void *library = dlopen("libXtst.so.6", RTLD_NOW),
         *function = library ? dlsym(library, "XTestFakeMotionEvent") : NULL;
    sscanf(arguments, "%d %d", &x, &y);
    memcpy(&move, &function, sizeof move);
    if (function)
        move(display, screen, x, y, 0);
    puts(function ? "ok" : "missing");
}

static void do_grab(const char *arguments)
{
    (void)arguments;
    XGrabServer(display);
}

static void do_ungrab(const char *arguments)
{
    (void)arguments;
    XUngrabServer(display);
}

static int ignore_error(Display *of, XErrorEvent *event)
{
    (void)of, (void)event;
    return 0;
}

/* A segment is named by one of the first numbers that its client may give; those of a client are 2^21 apart. */
static void do_kill_others(const char *arguments)
{
    (void)arguments;
    XErrorHandler old = XSetErrorHandler(ignore_error);
    XID own = XCreatePixmap(display, root, 1, 1, 1) >> 21;
    for (XID client = 1; client < 32; client++)
        for (XID i = 0; i < 16 && client != own; i++)
            XKillClient(display, client << 21 | i);
    XSync(display, False);
    XSetErrorHandler(old);
}

/* In place: %XX is the byte of that number. */
static size_t unescape(char *text)
{
    char *out = text;
    for (const char *in = text; *in; in++) {
        unsigned byte;
        if (in[0] == '%' && sscanf(in + 1, "%2x", &byte) == 1) {
            *out++ = (char)byte;
            in += 2;
        } else {
            *out++ = *in;
        }
    }
    *out = 0;
    return (size_t)(out - text);
}

static void set_title(Window window, const char *title, size_t len, int latin1)
{
    Atom utf8 = XInternAtom(display, "UTF8_STRING", False), name = XInternAtom(display, "_NET_WM_NAME", False);
    const unsigned char *bytes = (const unsigned char *)title;
    if (latin1)
        XChangeProperty(display, window, XA_WM_NAME, XA_STRING, 8, PropModeReplace, bytes, (int)len);
    else
        XChangeProperty(display, window, name, utf8, 8, PropModeReplace, bytes, (int)len);
}

static void do_window(const char *arguments)
{
    int x, y, used = 0;
    unsigned width, height;
    char flags[16], class[64], pid[16], title[LINE_MAX_SIZE];
    sscanf(arguments, "%d %d %u %u %15s %63s %15s %n", &x, &y, &width, &height, flags, class, pid, &used);
    strcpy(title, arguments + used);
    XSetWindowAttributes attributes = {.override_redirect = strchr(flags, 'o') != NULL,
                                       .background_pixel = WhitePixel(display, screen)};
    Window window = XCreateWindow(display, root, x, y, width, height, 0, CopyFromParent, InputOutput, CopyFromParent,
                                  CWOverrideRedirect | CWBackPixel, &attributes);
    size_t len = unescape(title);
    if (len)
        set_title(window, title, len, strchr(flags, 'l') != NULL);
    if (strcmp(class, "-") != 0)
        XSetClassHint(display, window, &(XClassHint){class, class});
    if (strcmp(pid, "-") != 0) {
        long number = atol(pid);
        XChangeProperty(display, window, XInternAtom(display, "_NET_WM_PID", False), XA_CARDINAL, 32, PropModeReplace,
                        (unsigned char *)&number, 1);
    }
    XSetWMNormalHints(display, window, &(XSizeHints){.flags = USPosition | USSize, .x = x, .y = y});
    if (!strchr(flags, 'u'))
        XMapWindow(display, window);
    XSync(display, False);
    printf("%lu\n", window);
}

static void do_move(const char *arguments)
{
    unsigned long window;
    int x, y;
    sscanf(arguments, "%lu %d %d", &window, &x, &y);
    XMoveWindow(display, window, x, y);
}

static void do_iconify(const char *arguments)
{
    XIconifyWindow(display, strtoul(arguments, NULL, 10), screen);
}

static void do_destroy(const char *arguments)
{
    XDestroyWindow(display, strtoul(arguments, NULL, 10));
}

static void name_check_window(Window on, Window check)
{
    Atom atom = XInternAtom(display, "_NET_SUPPORTING_WM_CHECK", False);
    if (check)
        XChangeProperty(display, on, atom, XA_WINDOW, 32, PropModeReplace, (unsigned char *)&check, 1);
    else
        XDeleteProperty(display, on, atom);
}

static void do_manager(const char *arguments)
{
    Window check = XCreateSimpleWindow(display, root, -1, -1, 1, 1, 0, 0, 0);
    XChangeProperty(display, check, XInternAtom(display, "_NET_WM_NAME", False),
                    XInternAtom(display, "UTF8_STRING", False), 8, PropModeReplace, (const unsigned char *)arguments,
                    (int)strlen(arguments));
    name_check_window(check, check);
    name_check_window(root, check);
    XSync(display, False);
    printf("%lu\n", check);
}

static void do_claim(const char *arguments)
{
    char *rest;
    Window window = strtoul(arguments, &rest, 10);
    name_check_window(window, strtoul(rest, NULL, 10));
    name_check_window(root, window);
}

static void do_churn(const char *arguments)
{
    Window windows[16] = {0};
    for (int i = 0; i < atoi(arguments); i++) {
        Window *window = &windows[i % 16];
        if (*window)
            XDestroyWindow(display, *window);
        *window = XCreateSimpleWindow(display, root, i % 50, i % 40, 20, 20, 1, 0, 0);
        XStoreName(display, *window, "churning");
        XMapWindow(display, *window);
        XFlush(display);
    }
}

static void do_fill(const char *arguments)
{
    for (int i = 0; i < atoi(arguments); i++)
        XMapWindow(display, XCreateSimpleWindow(display, root, 0, 0, 1, 1, 0, 0, 0));
}

static void do_watch(const char *arguments)
{
    (void)arguments;
    XSetWindowAttributes attributes = {.override_redirect = True,
                                       .event_mask = KeyPressMask | KeyReleaseMask | ButtonPressMask |
                                                     ButtonReleaseMask | ExposureMask};
    Window window = XCreateWindow(display, root, 0, 0, (unsigned)DisplayWidth(display, screen),
                                  (unsigned)DisplayHeight(display, screen), 0, CopyFromParent, InputOutput,
                                  CopyFromParent, CWOverrideRedirect | CWEventMask, &attributes);
    XEvent event;
    XMapRaised(display, window);
    XWindowEvent(display, window, ExposureMask, &event);
    XSetInputFocus(display, window, RevertToPointerRoot, CurrentTime);
}

static void do_events(const char *arguments)
{
    (void)arguments;
    XSync(display, False);
    while (XPending(display)) {
        XEvent event;
        XNextEvent(display, &event);
        if (event.type == KeyPress || event.type == KeyRelease)
            printf("%c%u ", event.type == KeyPress ? 'k' : 'K', event.xkey.keycode);
        if (event.type == ButtonPress || event.type == ButtonRelease)
            printf("%c%u ", event.type == ButtonPress ? 'b' : 'B', event.xbutton.button);
    }
    puts("");
}

static Pixmap loaded;

static void do_load(const char *arguments)
{
    unsigned width = 0, height = 0;
    FILE *file = fopen(arguments, "rb");
    if (!file || fscanf(file, "P6 %u %u 255", &width, &height) != 2 || fgetc(file) != '\n')
        return;
    XImage *image = XCreateImage(display, DefaultVisual(display, screen), (unsigned)DefaultDepth(display, screen),
                                 ZPixmap, 0, NULL, width, height, 32, 0);
    image->data = calloc(height, (size_t)image->bytes_per_line);
    for (unsigned y = 0; y < height; y++)
        for (unsigned x = 0; x < width; x++) {
            unsigned red = (unsigned)fgetc(file), green = (unsigned)fgetc(file), blue = (unsigned)fgetc(file);
            XPutPixel(image, (int)x, (int)y, red << 16 | green << 8 | blue);
        }
    fclose(file);
    loaded = XCreatePixmap(display, root, width, height, (unsigned)DefaultDepth(display, screen));
    XPutImage(display, loaded, DefaultGC(display, screen), image, 0, 0, 0, 0, width, height);
    XDestroyImage(image);
}

static void do_show(const char *arguments)
{
    unsigned width, height;
    int x, y, from_x, from_y;
    sscanf(arguments, "%u %u %d %d %d %d", &width, &height, &x, &y, &from_x, &from_y);
    XCopyArea(display, loaded, root, DefaultGC(display, screen), from_x, from_y, width, height, x, y);
}

static void do_held(const char *arguments)
{
    char keys[32];
    Window of, child;
    int x, y, window_x, window_y;
    unsigned mask;
    (void)arguments;
    XQueryKeymap(display, keys);
    for (int i = 0; i < 256; i++)
        if (keys[i / 8] >> i % 8 & 1)
            printf("%d ", i);
    XQueryPointer(display, root, &of, &child, &x, &y, &window_x, &window_y, &mask);
    printf("%d,%d %u\n", x, y, mask);
}

static const struct {
    const char *name;
    void (*run)(const char *arguments);
} commands[] = {
    {"noise", do_noise},
    {"clear", do_clear},
    {"colormap", do_colormap},
    {"cursor", do_cursor},
    {"bitmap-cursor", do_bitmap_cursor},
    {"box", do_box},
    {"warp", do_warp},
    {"motion", do_motion},
    {"grab", do_grab},
    {"ungrab", do_ungrab},
    {"kill-others", do_kill_others},
    {"window", do_window},
    {"move", do_move},
    {"iconify", do_iconify},
    {"destroy", do_destroy},
    {"manager", do_manager},
    {"claim", do_claim},
    {"churn", do_churn},
    {"fill", do_fill},
    {"watch", do_watch},
    {"events", do_events},
    {"held", do_held},
    {"load", do_load},
    {"show", do_show},
};

static int run(char *line)
{
    line[strcspn(line, "\n")] = 0;
    char *arguments = line + strcspn(line, " ");
    if (*arguments)
        *arguments++ = 0;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, line) == 0) {
            commands[i].run(arguments);
            XSync(display, False);
            if (strcmp(line, "window") != 0 && strcmp(line, "motion") != 0 && strcmp(line, "events") != 0 &&
                strcmp(line, "held") != 0)
                puts("ok");
            fflush(stdout);
            return 1;
        }
    fprintf(stderr, "x11_client: unknown command %s\n", line);
    return 0;
}

int main(void)
{
    char line[LINE_MAX_SIZE];
    display = XOpenDisplay(NULL);
    if (!display) {
        fprintf(stderr, "x11_client: no display\n");
        return 1;
    }
    screen = DefaultScreen(display);
    root = RootWindow(display, screen);
    puts("ok");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin))
        if (!run(line))
            return 1;
    XCloseDisplay(display);
    return 0;
}
