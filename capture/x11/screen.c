/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/screen.h"

#include <stdio.h>
#include <string.h>

#define VERSION_MAX 99 /* of RandR, major and minor */
#define READS_MAX 3    /* of a screen that does not tell all: an output may go meanwhile */

/* Returns RandR's version, -1 where the server has none, or 0 where it has it and can't be asked. */
static int x11_query_randr(struct x11_connection *connection)
{
    Display *display = connection->display;
    int opcode, event, error, major, minor;
    /* XQueryExtension() first: XRRQueryExtension() leaks memory where the server has no RandR. */
    if (x11_missing(X11_LIB_XRANDR) || !X11_CALL(XQueryExtension)(display, RANDR_NAME, &opcode, &event, &error))
        return -1;
    if (!X11_CALL(XRRQueryVersion)(display, &major, &minor))
        return 0;
    if (major < 1 || major > VERSION_MAX || minor < 0 || minor > VERSION_MAX)
        return -1; /* nonsense */
    return major * 100 + minor;
}

/* Returns whether the server has at least that version of RandR. Version 105 is 1.5. */
static bool x11_has_randr(struct x11_connection *connection, int version)
{
    if (connection->randr == 0)
        connection->randr = x11_query_randr(connection);
    return connection->randr >= version;
}

static bool x11_read_size(struct x11_connection *connection, int number, uint32_t *width, uint32_t *height)
{
    Window root;
    int x, y;
    unsigned border, depth;
    return X11_CALL(XGetGeometry)(connection->display, RootWindow(connection->display, number), &root, &x, &y, width,
                                  height, &border, &depth);
}

/* Clips a rectangle to the screen. Returns false when nothing of it is left. */
static bool x11_clip_area(const struct x11_screen *screen, int64_t x, int64_t y, int64_t width, int64_t height,
                          struct rect *out)
{
    int64_t right = x + width < screen->width ? x + width : screen->width;
    int64_t bottom = y + height < screen->height ? y + height : screen->height;
    int64_t left = x > 0 ? x : 0, top = y > 0 ? y : 0;
    if (left >= right || top >= bottom)
        return false;
    *out = (struct rect){(int32_t)left, (int32_t)top, (uint32_t)(right - left), (uint32_t)(bottom - top)};
    return true;
}

static int x11_add_output(const struct x11_connection *connection, struct x11_screen *screen, const char *name,
                          struct rect area, struct error *err)
{
    char prefix[24] = "";
    if (screen->number != (int)connection->server.screen)
        snprintf(prefix, sizeof prefix, "screen%d.", screen->number);
    if (screen->output_count == X11_OUTPUTS_MAX)
        return error_set(err, ERR_LIMIT, "the screen has more than %d outputs", X11_OUTPUTS_MAX);
    if (strlen(prefix) + strlen(name) >= X11_OUTPUT_NAME_SIZE)
        return error_set(err, ERR_LIMIT, "the output %s has a name of more than %d bytes", name,
                         X11_OUTPUT_NAME_SIZE - 1);
    struct x11_output *output = &screen->outputs[screen->output_count++];
    output->area = area;
    snprintf(output->name, sizeof output->name, "%s%s", prefix, name);
    for (char *c = output->name; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == '/' || *c == 0x7f)
            *c = '_'; /* the name is used in lines of text and in file names */
    return 0;
}

/* ---- RandR ---- */

/* Fails for what RandR has listed and then does not tell: a list without it would look complete. */
static int x11_untold(const struct x11_connection *connection, const char *what, struct error *err)
{
    return error_set(err, ERR_UNAVAILABLE, "X server :%u does not tell %s", connection->server.number, what);
}

/* Adds the outputs that a CRTC drives: more than one where they show the same. */
static int x11_add_crtc_outputs(struct x11_connection *connection, struct x11_screen *screen,
                                XRRScreenResources *resources, const XRRCrtcInfo *crtc, struct rect area,
                                struct error *err)
{
    int status = 0;
    for (int i = 0; i < crtc->noutput && status == 0; i++) {
        XRROutputInfo *output = X11_CALL(XRRGetOutputInfo)(connection->display, resources, crtc->outputs[i]);
        if (!output)
            return x11_untold(connection, "an output", err);
        status = x11_add_output(connection, screen, output->name, area, err);
        X11_CALL(XRRFreeOutputInfo)(output);
    }
    return status;
}

static int x11_add_crtc(struct x11_connection *connection, struct x11_screen *screen, XRRScreenResources *resources,
                        XID id, const XRRCrtcInfo *crtc, bool named, struct error *err)
{
    struct rect area;
    if (crtc->mode == None || crtc->noutput == 0 ||
        !x11_clip_area(screen, crtc->x, crtc->y, crtc->width, crtc->height, &area))
        return 0;
    if (screen->crtc_count == X11_OUTPUTS_MAX)
        return error_set(err, ERR_LIMIT, "the screen has more than %d active CRTCs", X11_OUTPUTS_MAX);
    screen->crtc_ids[screen->crtc_count] = id;
    screen->crtcs[screen->crtc_count++] = area;
    return named ? x11_add_crtc_outputs(connection, screen, resources, crtc, area, err) : 0;
}

/* Reads the active CRTCs, and with `named` the outputs from them, where RandR has no monitors. */
static int x11_read_crtcs(struct x11_connection *connection, struct x11_screen *screen, bool named, struct error *err)
{
    Window root = RootWindow(connection->display, screen->number);
    /* XRRGetScreenResources() would probe the hardware. */
    XRRScreenResources *resources = X11_CALL(XRRGetScreenResourcesCurrent)(connection->display, root);
    int status = 0;
    if (!resources)
        return x11_untold(connection, "its outputs", err);
    screen->changed = resources->timestamp;
    for (int i = 0; i < resources->ncrtc && status == 0; i++) {
        XRRCrtcInfo *crtc = X11_CALL(XRRGetCrtcInfo)(connection->display, resources, resources->crtcs[i]);
        if (!crtc) {
            status = x11_untold(connection, "a CRTC", err);
            break;
        }
        status = x11_add_crtc(connection, screen, resources, resources->crtcs[i], crtc, named, err);
        X11_CALL(XRRFreeCrtcInfo)(crtc);
    }
    X11_CALL(XRRFreeScreenResources)(resources);
    return status;
}

static int x11_read_monitors(struct x11_connection *connection, struct x11_screen *screen, struct error *err)
{
    int count = -1, status = 0; /* it stays negative where Xlib fails */
    XRRMonitorInfo *monitors =
        X11_CALL(XRRGetMonitors)(connection->display, RootWindow(connection->display, screen->number), True, &count);
    if (!monitors && count != 0)
        return x11_untold(connection, "its monitors", err);
    for (int i = 0; monitors && i < count && status == 0; i++) {
        const XRRMonitorInfo *monitor = &monitors[i];
        struct rect area;
        char *name = X11_CALL(XGetAtomName)(connection->display, monitor->name);
        if (!name)
            status = x11_untold(connection, "a monitor's name", err);
        else if (x11_clip_area(screen, monitor->x, monitor->y, monitor->width, monitor->height, &area))
            status = x11_add_output(connection, screen, name, area, err);
        if (name)
            X11_CALL(XFree)(name);
    }
    if (monitors)
        X11_CALL(XRRFreeMonitors)(monitors);
    return status;
}

static int x11_read_screen(struct x11_connection *connection, int number, struct x11_screen *screen, struct error *err)
{
    screen->number = number;
    screen->output_count = screen->crtc_count = 0;
    screen->changed = 0;
    if (!x11_read_size(connection, number, &screen->width, &screen->height))
        return error_set(err, ERR_UNAVAILABLE, "X server :%u does not tell the size of its screen %d",
                         connection->server.number, number);
    bool has_randr = x11_has_randr(connection, 103);
    if (connection->randr == 0)
        return x11_untold(connection, "its version of RandR", err);
    if (!has_randr)
        return x11_add_output(connection, screen, "screen", (struct rect){0, 0, screen->width, screen->height}, err);
    bool has_monitors = x11.XRRGetMonitors && x11_has_randr(connection, 105);
    int status = x11_read_crtcs(connection, screen, !has_monitors, err);
    if (status == 0 && has_monitors)
        status = x11_read_monitors(connection, screen, err);
    return status;
}

int x11_screen_read(struct x11_connection *connection, int number, struct x11_screen *screen, struct error *err)
{
    int status = ERR_UNAVAILABLE;
    for (int i = 0; i < READS_MAX && status == ERR_UNAVAILABLE && !connection->lost; i++)
        status = x11_read_screen(connection, number, screen, err);
    return status;
}

int x11_screen_read_outputs(struct x11_connection *connection, struct x11_screen *screen, struct error *err)
{
    if (!x11_has_randr(connection, 103))
        return 0;
    screen->output_count = screen->crtc_count = 0;
    return x11_read_crtcs(connection, screen, true, err);
}

bool x11_screen_is_current(struct x11_connection *connection, const struct x11_screen *screen)
{
    uint32_t width, height;
    if (!x11_read_size(connection, screen->number, &width, &height) || width != screen->width ||
        height != screen->height)
        return false;
    if (!x11_has_randr(connection, 103))
        return true;
    XRRScreenResources *resources =
        X11_CALL(XRRGetScreenResourcesCurrent)(connection->display, RootWindow(connection->display, screen->number));
    bool current = resources && resources->timestamp == screen->changed;
    if (resources)
        X11_CALL(XRRFreeScreenResources)(resources);
    return current;
}
