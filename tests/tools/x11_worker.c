/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The capture worker with parts of Xlib taken away or made to misbehave, as its arguments tell:
 *
 *     FUNCTION    is not to be there
 *     stale-shm   the server says that it wrote into shared memory and did not
 *     hang        the server stops in the middle of a picture
 *     frugal      ends when it asks for a second gamma table
 *     parts       ends when it asks for as many pixels a second time
 *     asleep      the display is switched off through DPMS, which servers without a screen don't have
 */
#include "agent/worker/main.h"
#include "capture/capture.h"
#include "capture/x11/xlib.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VARIABLE "X11_WORKER_CHANGES"

static const struct {
    const char *name;
    size_t offset;
} functions[] = {
#define X(library, function, required) {#function, offsetof(struct x11_functions, function)},
    X11_FUNCTIONS(X)
#undef X
};

static Bool write_nothing(Display *display, Drawable drawable, XImage *image, int x, int y, unsigned long mask)
{
    (void)display, (void)drawable, (void)image, (void)x, (void)y, (void)mask;
    return True;
}

static Bool wait_for_ever(Display *display, Drawable drawable, XImage *image, int x, int y, unsigned long mask)
{
    for (;;)
        pause();
    return write_nothing(display, drawable, image, x, y, mask);
}

static Bool has_dpms(Display *display, int *event, int *error)
{
    (void)display;
    *event = *error = 0;
    return True;
}

static Bool is_capable(Display *display)
{
    (void)display;
    return True;
}

static Status is_off(Display *display, CARD16 *level, BOOL *enabled)
{
    (void)display;
    *level = DPMSModeOff;
    *enabled = True;
    return True;
}

static XRRCrtcGamma *(*get_gamma)(Display *display, RRCrtc crtc);

static XRRCrtcGamma *get_gamma_once(Display *display, RRCrtc crtc)
{
    static int count;
    if (++count > 1)
        abort();
    return get_gamma(display, crtc);
}

static void ask_once(void)
{
    get_gamma = x11.XRRGetCrtcGamma;
    x11.XRRGetCrtcGamma = get_gamma_once;
}

static Bool (*get_image)(Display *display, Drawable drawable, XImage *image, int x, int y, unsigned long mask);

static Bool get_less(Display *display, Drawable drawable, XImage *image, int x, int y, unsigned long mask)
{
    static int most = INT_MAX;
    if (image->width * image->height >= most)
        abort();
    most = most == INT_MAX ? image->width * image->height : most;
    return get_image(display, drawable, image, x, y, mask);
}

static void put_to_sleep(void)
{
    x11.DPMSQueryExtension = has_dpms;
    x11.DPMSCapable = is_capable;
    x11.DPMSInfo = is_off;
}

static int take_away(const char *name)
{
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (strcmp(functions[i].name, name) == 0) {
            memset((char *)&x11 + functions[i].offset, 0, sizeof(void (*)(void)));
            return 1;
        }
    return 0;
}

static int change(const char *argument)
{
    if (strcmp(argument, "stale-shm") == 0)
        x11.XShmGetImage = write_nothing;
    else if (strcmp(argument, "hang") == 0)
        x11.XShmGetImage = wait_for_ever;
    else if (strcmp(argument, "asleep") == 0)
        put_to_sleep();
    else if (strcmp(argument, "frugal") == 0)
        ask_once();
    else if (strcmp(argument, "parts") == 0) {
        get_image = x11.XShmGetImage;
        x11.XShmGetImage = get_less;
    } else
        return take_away(argument);
    return 1;
}

/* Changes Xlib in the process that a worker starts for a server. */
static int source_main(int argc, char **argv)
{
    struct error err;
    char *rest = getenv(VARIABLE);
    if (x11_load(&err)) {
        fprintf(stderr, "x11_worker: %s\n", err.text);
        return 1;
    }
    for (const char *word = strtok(rest, " "); word; word = strtok(NULL, " "))
        if (!change(word)) {
            fprintf(stderr, "x11_worker: nothing is known of %s\n", word);
            return 1;
        }
    return worker_source_main(argc, argv);
}

int main(int argc, char **argv)
{
    char words[256] = "";
    if (argc > 1 && strcmp(argv[1], CAPTURE_SOURCE_ARGUMENT) == 0)
        return source_main(argc, argv);
    for (int i = 1; i < argc; i++)
        snprintf(words + strlen(words), sizeof words - strlen(words), "%s ", argv[i]);
    setenv(VARIABLE, words, 1);
    return worker_main();
}
