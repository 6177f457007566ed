/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/changes.h"

#include "platform/clock.h"

#include <X11/extensions/XI2.h>
#include <X11/extensions/damagewire.h>
#include <poll.h>

#define PACE_MS 15   /* between two answers: a pointer that moves makes a thousand events a second */
#define MARGIN_MS 50 /* to answer in time that nothing has changed */

static void x11_select_pointer(struct x11_changes *changes, Display *display, Window root)
{
    unsigned char bits[XIMaskLen(XI_RawMotion)] = {0};
    XIEventMask mask = {XIAllMasterDevices, sizeof bits, bits};
    int opcode, event, error, major = 2, minor = 1; /* from there on also while it is grabbed */
    XISetMask(bits, XI_RawMotion);
    if (!x11_missing(X11_LIB_XFIXES) && X11_CALL(XFixesQueryExtension)(display, &changes->cursor_event, &error)) {
        changes->cursor_event += XFixesCursorNotify;
        X11_CALL(XFixesSelectCursorInput)(display, root, XFixesDisplayCursorNotifyMask);
    }
    if (!x11_missing(X11_LIB_XI) && X11_CALL(XQueryExtension)(display, "XInputExtension", &opcode, &event, &error) &&
        X11_CALL(XIQueryVersion)(display, &major, &minor) == Success)
        X11_CALL(XISelectEvents)(display, root, &mask, 1);
}

static int x11_changes_select(struct x11_changes *changes, struct x11_connection *connection, struct error *err)
{
    Display *display = connection->display;
    int error, count = ScreenCount(display);
    if (x11_missing(X11_LIB_XDAMAGE))
        return error_set(err, ERR_UNAVAILABLE, "%s", x11_missing(X11_LIB_XDAMAGE));
    if (!X11_CALL(XDamageQueryExtension)(display, &changes->damage_event, &error))
        return error_set(err, ERR_UNAVAILABLE, "X server :%u has no DAMAGE", connection->server.number);
    changes->screen_count = count < X11_CHANGES_SCREENS_MAX ? count : X11_CHANGES_SCREENS_MAX;
    for (int i = 0; i < changes->screen_count; i++) {
        Window root = RootWindow(display, i);
        changes->damages[i] = X11_CALL(XDamageCreate)(display, root, XDamageReportNonEmpty);
        x11_select_pointer(changes, display, root);
    }
    changes->selected = true;
    int code = x11_take_error(connection);
    return code ? error_set(err, ERR_UNAVAILABLE, "X server :%u refuses to tell of changes (error %d)",
                            connection->server.number, code)
                : 0;
}

/* Takes the events that have come. */
static void x11_take_changes(const struct x11_changes *changes, struct x11_connection *connection, bool *pixels,
                             bool *pointer)
{
    Display *display = connection->display;
    while (!connection->lost && X11_CALL(XPending)(display) > 0) {
        XEvent event;
        X11_CALL(XNextEvent)(display, &event);
        *pixels |= event.type == changes->damage_event + XDamageNotify;
        *pointer |= event.type == GenericEvent || (changes->cursor_event && event.type == changes->cursor_event);
    }
}

/* Makes another damage an event again, before anybody looks for what was told: what is drawn behind that look makes one. */
static void x11_forget_damage(const struct x11_changes *changes, struct x11_connection *connection)
{
    for (int i = 0; !connection->lost && i < changes->screen_count; i++)
        X11_CALL(XDamageSubtract)(connection->display, changes->damages[i], None, None);
    if (!connection->lost)
        (void)x11_take_error(connection);
}

/* Lets more come, if the last answer was a moment ago. */
static void x11_keep_pace(const struct x11_changes *changes, struct x11_connection *connection, bool *pixels,
                          bool *pointer)
{
    int64_t early_ms = changes->told_ms + PACE_MS - os_clock_ms();
    if (early_ms <= 0)
        return;
    os_sleep_ms((unsigned)early_ms);
    x11_take_changes(changes, connection, pixels, pointer);
}

int x11_changes_await(struct x11_changes *changes, struct x11_connection *connection, int timeout_ms,
                      struct strlist *facts, struct error *err)
{
    struct pollfd ready = {.fd = ConnectionNumber(connection->display), .events = POLLIN};
    int64_t deadline_ms = os_deadline(timeout_ms > MARGIN_MS ? timeout_ms - MARGIN_MS : 0);
    bool pixels = !changes->selected, pointer = pixels;
    int status = changes->selected ? 0 : x11_changes_select(changes, connection, err);
    if (status)
        return status;
    x11_take_changes(changes, connection, &pixels, &pointer);
    while (!pixels && !pointer && !connection->lost && os_time_left(deadline_ms) > 0 &&
           poll(&ready, 1, (int)os_time_left(deadline_ms)) >= 0)
        x11_take_changes(changes, connection, &pixels, &pointer);
    if (pixels || pointer)
        x11_keep_pace(changes, connection, &pixels, &pointer);
    if (pixels)
        x11_forget_damage(changes, connection);
    changes->told_ms = pixels || pointer ? os_clock_ms() : 0;
    if (pixels)
        strlist_add(facts, "pixels=1");
    if (pointer)
        strlist_add(facts, "pointer=1");
    return 0;
}
