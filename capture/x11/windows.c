/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/windows.h"

#include "capture/x11/state.h"
#include "base/field.h"

#include <string.h>

#define FRAME_DEPTH_MAX 4 /* nested windows of a window manager around a client */

struct listing {
    struct x11_connection *connection; /* borrowed */
    struct strlist *lines;             /* borrowed */
    int screen;
    bool managed; /* there is a window manager */
    size_t count;
};

/* ---- fields ---- */

static void x11_append_text(struct buffer *line, const char *text, size_t len, bool latin1)
{
    size_t kept = len < X11_WINDOW_TEXT_MAX ? len : X11_WINDOW_TEXT_MAX;
    if (latin1)
        field_append_latin1(line, text, kept);
    else
        field_append(line, text, kept);
    if (kept < len)
        buffer_printf(line, "... (cut)");
}

/* Appends a COMPOUND_TEXT, which Xlib decodes. */
static bool x11_append_compound_text(struct buffer *line, struct x11_connection *connection,
                                     const XTextProperty *property)
{
    char **texts = NULL;
    int count = 0;
    if (X11_CALL(Xutf8TextPropertyToTextList)(connection->display, property, &texts, &count) < Success || count < 1)
        return false;
    x11_append_text(line, texts[0], strlen(texts[0]), false);
    X11_CALL(XFreeStringList)(texts);
    return true;
}

static bool x11_append_property(struct buffer *line, struct x11_connection *connection, Window window, const char *name)
{
    XTextProperty property = {0};
    Atom atom = X11_CALL(XInternAtom)(connection->display, name, True);
    if (atom == None || !X11_CALL(XGetTextProperty)(connection->display, window, &property, atom) || !property.value)
        return false;
    bool known = property.format == 8;
    if (known && property.encoding == XA_STRING)
        x11_append_text(line, (const char *)property.value, property.nitems, true);
    else if (known && property.encoding == X11_CALL(XInternAtom)(connection->display, "COMPOUND_TEXT", True))
        known = x11_append_compound_text(line, connection, &property);
    else if (known)
        x11_append_text(line, (const char *)property.value, property.nitems, false);
    X11_CALL(XFree)(property.value);
    return known;
}

static void x11_append_class(struct buffer *line, struct x11_connection *connection, Window window)
{
    XClassHint hint = {0};
    if (!X11_CALL(XGetClassHint)(connection->display, window, &hint))
        return;
    if (hint.res_class)
        x11_append_text(line, hint.res_class, strlen(hint.res_class), true);
    if (hint.res_name)
        X11_CALL(XFree)(hint.res_name);
    if (hint.res_class)
        X11_CALL(XFree)(hint.res_class);
}

static bool x11_is_on_screen(const XWindowAttributes *window, int x, int y)
{
    return x < WidthOfScreen(window->screen) && y < HeightOfScreen(window->screen) && x + window->width > 0 &&
           y + window->height > 0;
}

static void x11_add_window(struct listing *listing, Window window, const XWindowAttributes *attributes)
{
    struct x11_connection *connection = listing->connection;
    struct buffer line;
    int x, y;
    uint32_t pid;
    Window child;
    if (!X11_CALL(XTranslateCoordinates)(connection->display, window, attributes->root, 0, 0, &x, &y, &child))
        return; /* it was destroyed */
    buffer_init(&line, 16 * X11_WINDOW_TEXT_MAX);
    if (!x11_append_property(&line, connection, window, "_NET_WM_NAME"))
        x11_append_property(&line, connection, window, "WM_NAME");
    buffer_append(&line, "\t", 1);
    x11_append_class(&line, connection, window);
    buffer_append(&line, "\t", 1);
    if (x11_read_card32(connection, window, "_NET_WM_PID", &pid))
        buffer_printf(&line, "%u", pid);
    buffer_printf(&line, "\t%dx%d%+d%+d\t%d", attributes->width, attributes->height, x, y,
                  attributes->map_state == IsViewable && x11_is_on_screen(attributes, x, y));
    buffer_append(&line, "", 1);
    if (line.failed)
        listing->lines->failed = true;
    else
        strlist_add(listing->lines, (const char *)line.data);
    listing->count++;
    buffer_deinit(&line);
}

/* ---- which windows ---- */

/* Returns whether a window manager manages the window: then its WM_STATE is not Withdrawn, 0. */
static bool x11_is_client(struct x11_connection *connection, Window window)
{
    uint32_t state;
    return x11_read_card32(connection, window, "WM_STATE", &state) && state != 0;
}

/* Returns the managed client in a frame, or None. */
static Window x11_find_client(struct x11_connection *connection, Window window, int depth)
{
    Window root, parent, *children = NULL, client = None;
    unsigned count = 0;
    if (x11_is_client(connection, window))
        return window;
    if (depth == FRAME_DEPTH_MAX ||
        !X11_CALL(XQueryTree)(connection->display, window, &root, &parent, &children, &count))
        return None;
    for (unsigned i = count; i-- > 0 && client == None;)
        client = x11_find_client(connection, children[i], depth + 1);
    if (children)
        X11_CALL(XFree)(children);
    return client;
}

static void x11_list_window(struct listing *listing, Window window)
{
    struct x11_connection *connection = listing->connection;
    XWindowAttributes attributes;
    if (!X11_CALL(XGetWindowAttributes)(connection->display, window, &attributes))
        return; /* it was destroyed since the query */
    if (listing->managed && !attributes.override_redirect) {
        Window client = x11_find_client(connection, window, 0);
        if (client != None && X11_CALL(XGetWindowAttributes)(connection->display, client, &attributes)) {
            x11_add_window(listing, client, &attributes);
            return;
        }
    }
    if (attributes.map_state == IsViewable && attributes.class == InputOutput)
        x11_add_window(listing, window, &attributes);
}

static int x11_list_screen(struct listing *listing, struct error *err)
{
    struct x11_connection *connection = listing->connection;
    Window top = RootWindow(connection->display, listing->screen), root, parent, *children = NULL;
    XWindowAttributes attributes;
    unsigned count = 0;
    int status = 0;
    if (!X11_CALL(XGetWindowAttributes)(connection->display, top, &attributes) ||
        !X11_CALL(XQueryTree)(connection->display, top, &root, &parent, &children, &count))
        return error_set(err, ERR_UNAVAILABLE, "X server :%u does not tell its windows", connection->server.number);
    listing->managed = (attributes.all_event_masks & SubstructureRedirectMask) != 0;
    for (unsigned i = 0; i < count && status == 0 && !connection->lost; i++) {
        if (listing->count == X11_WINDOWS_MAX)
            status = error_set(err, ERR_LIMIT, "X server :%u has more than %d windows", connection->server.number,
                               X11_WINDOWS_MAX);
        else
            x11_list_window(listing, children[i]);
    }
    if (children)
        X11_CALL(XFree)(children);
    return status;
}

int x11_windows_list(struct x11_connection *connection, struct strlist *lines, struct error *err)
{
    struct listing listing = {.connection = connection, .lines = lines};
    int status = 0;
    for (; listing.screen < ScreenCount(connection->display) && status == 0; listing.screen++)
        status = x11_list_screen(&listing, err);
    return status;
}
