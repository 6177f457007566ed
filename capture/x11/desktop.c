/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/desktop.h"

#include "base/field.h"
#include "capture/x11/state.h"

#include <poll.h>
#include <string.h>

#define NAME_MAX_LEN 64 /* bytes of a window manager's name that are shown */
#define CHECK "_NET_SUPPORTING_WM_CHECK"

/* ---- facts ---- */

/* Finds the window that EWMH demands of a window manager: the root window names it, and it names itself. One that has ended
   leaves the root's property behind, but not the window. */
static Window x11_find_check_window(struct x11_connection *connection, Window root)
{
    uint32_t window = None, itself = None;
    (void)x11_take_error(connection);
    if (!x11_read_card32(connection, root, CHECK, &window) || !x11_read_card32(connection, window, CHECK, &itself) ||
        itself != window)
        window = None;
    return x11_take_error(connection) ? None : window;
}

static void x11_add_manager(struct x11_connection *connection, Window check, struct strlist *facts)
{
    XTextProperty property = {0};
    struct buffer name;
    Atom atom = X11_CALL(XInternAtom)(connection->display, "_NET_WM_NAME", True);
    buffer_init(&name, 8 * NAME_MAX_LEN);
    if (atom != None && X11_CALL(XGetTextProperty)(connection->display, check, &property, atom) && property.value) {
        if (property.format == 8)
            field_append(&name, (const char *)property.value,
                         property.nitems < NAME_MAX_LEN ? property.nitems : NAME_MAX_LEN);
        X11_CALL(XFree)(property.value);
    }
    strlist_addf(facts, "manager=the window manager %.*s has :%u", name.len && !name.failed ? (int)name.len : 12,
                 name.len && !name.failed ? (const char *)name.data : "with no name", connection->server.number);
    buffer_deinit(&name);
}

static void x11_add_unmanaged(struct x11_connection *connection, Window root, struct strlist *facts)
{
    XWindowAttributes attributes;
    bool redirects = X11_CALL(XGetWindowAttributes)(connection->display, root, &attributes) &&
                     (attributes.all_event_masks & SubstructureRedirectMask);
    strlist_addf(facts, "unmanaged=no window manager has :%u by " CHECK "%s", connection->server.number,
                 redirects ? ", though one places its windows" : "");
}

/* Adds "locked=" or "asleep=" for the warnings of a picture that say so. */
static void x11_add_sleep(struct x11_connection *connection, int screen, struct strlist *facts)
{
    struct strlist warnings = {0};
    x11_state_warn_sleep(connection, screen, &warnings);
    for (size_t i = 0; i < warnings.count; i++) {
        const char *why = warnings.items[i] + strlen("warning=");
        strlist_addf(facts, "%s=%s", strstr(why, "locked") ? "locked" : "asleep", why);
    }
    strlist_deinit(&warnings);
}

static void x11_add_layout(const struct x11_screen *screen, struct strlist *facts)
{
    struct buffer text;
    buffer_init(&text, X11_OUTPUTS_MAX * (X11_OUTPUT_NAME_SIZE + 48));
    for (size_t i = 0; i < screen->output_count; i++) {
        const struct rect *area = &screen->outputs[i].area;
        buffer_printf(&text, " %s %ux%u%+d%+d", screen->outputs[i].name, area->width, area->height, area->x, area->y);
    }
    strlist_addf(facts, "layout=%ux%u%.*s", screen->width, screen->height, (int)text.len,
                 text.data ? (const char *)text.data : "");
    buffer_deinit(&text);
}

void x11_desktop_read(struct x11_desktop *desktop, struct x11_connection *connection, const struct x11_screen *screen,
                      struct strlist *facts)
{
    Window root = RootWindow(connection->display, screen->number);
    desktop->screen = screen->number;
    desktop->check = x11_find_check_window(connection, root);
    if (desktop->check != None)
        x11_add_manager(connection, desktop->check, facts);
    else
        x11_add_unmanaged(connection, root, facts);
    x11_add_sleep(connection, screen->number, facts);
    x11_add_layout(screen, facts);
}

/* ---- events ---- */

/* Returns whether an event can change the facts. A busy program changes other properties of the root window all the time. */
static bool x11_concerns_desktop(struct x11_connection *connection, const XEvent *event)
{
    if (event->type != PropertyNotify)
        return event->type == ConfigureNotify || event->type == DestroyNotify;
    Atom atom = event->xproperty.atom;
    return atom == X11_CALL(XInternAtom)(connection->display, CHECK, True) ||
           atom == X11_CALL(XInternAtom)(connection->display, "_SCREENSAVER_STATUS", True);
}

/* Selects the events of the root window, and of the window manager's, whose end is that of its desktop. Returns whether some
   were not selected before. */
static bool x11_select_events(struct x11_desktop *desktop, struct x11_connection *connection)
{
    bool is_new = !desktop->watched || desktop->watched_check != desktop->check;
    if (!desktop->watched)
        X11_CALL(XSelectInput)
    (connection->display, RootWindow(connection->display, desktop->screen), PropertyChangeMask | StructureNotifyMask);
    if (desktop->check != None && desktop->watched_check != desktop->check)
        X11_CALL(XSelectInput)(connection->display, desktop->check, PropertyChangeMask | StructureNotifyMask);
    desktop->watched = true;
    desktop->watched_check = desktop->check;
    (void)x11_take_error(connection);
    return is_new;
}

/* Takes the events that have come. Returns whether one concerns the desktop. */
static bool x11_take_events(struct x11_connection *connection)
{
    bool concerns = false;
    while (!connection->lost && X11_CALL(XPending)(connection->display) > 0) {
        XEvent event;
        X11_CALL(XNextEvent)(connection->display, &event);
        concerns |= x11_concerns_desktop(connection, &event);
    }
    return concerns || connection->lost;
}

void x11_desktop_await(struct x11_desktop *desktop, struct x11_connection *connection, int other)
{
    struct pollfd ready[] = {{.fd = ConnectionNumber(connection->display), .events = POLLIN},
                             {.fd = other, .events = POLLIN}};
    if (x11_select_events(desktop, connection))
        return;
    while (!x11_take_events(connection) && poll(ready, 2, -1) >= 0 && !ready[1].revents)
        ;
}
