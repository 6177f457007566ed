/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/state.h"

#include <string.h>

bool x11_read_card32(struct x11_connection *connection, Window window, const char *name, uint32_t *value)
{
    Atom atom = X11_CALL(XInternAtom)(connection->display, name, True), type;
    int format;
    unsigned long count = 0, left;
    unsigned char *data = NULL;
    if (atom == None || X11_CALL(XGetWindowProperty)(connection->display, window, atom, 0, 1, False, AnyPropertyType,
                                                     &type, &format, &count, &left, &data) != Success)
        return false;
    bool found = data && format == 32 && count > 0;
    if (found) {
        unsigned long item; /* Xlib keeps 32-bit items in longs */
        memcpy(&item, data, sizeof item);
        *value = (uint32_t)item;
    }
    if (data)
        X11_CALL(XFree)(data);
    return found;
}

enum x11_vt_state x11_vt_state(struct x11_connection *connection, int screen)
{
    uint32_t has_vt;
    if (!x11_read_card32(connection, RootWindow(connection->display, screen), "XFree86_has_VT", &has_vt))
        return X11_VT_UNKNOWN;
    return has_vt ? X11_VT_ACTIVE : X11_VT_INACTIVE;
}

static void x11_warn_dpms(struct x11_connection *connection, struct strlist *facts)
{
    int event, error;
    CARD16 level;
    BOOL enabled;
    if (x11_missing(X11_LIB_XEXT) || !X11_CALL(DPMSQueryExtension)(connection->display, &event, &error) ||
        !X11_CALL(DPMSCapable)(connection->display) || !X11_CALL(DPMSInfo)(connection->display, &level, &enabled) ||
        !enabled)
        return;
    if (level != DPMSModeOn)
        strlist_addf(facts, "warning=display asleep (DPMS %s)",
                     level == DPMSModeStandby   ? "standby"
                     : level == DPMSModeSuspend ? "suspend"
                                                : "off");
}

static void x11_warn_saver(struct x11_connection *connection, int screen, struct strlist *facts)
{
    int event, error;
    XScreenSaverInfo info = {0};
    if (x11_missing(X11_LIB_XSS) || !X11_CALL(XScreenSaverQueryExtension)(connection->display, &event, &error))
        return;
    if (X11_CALL(XScreenSaverQueryInfo)(connection->display, RootWindow(connection->display, screen), &info) &&
        info.state == ScreenSaverOn)
        strlist_add(facts, "warning=screen saver active");
}

/* Warns when xscreensaver has locked the screen. The first item of its property of the root window is the atom BLANK or
   LOCK. */
static void x11_warn_locked(struct x11_connection *connection, int screen, struct strlist *facts)
{
    uint32_t status;
    Window root = RootWindow(connection->display, screen);
    if (x11_read_card32(connection, root, "_SCREENSAVER_STATUS", &status) && status != 0 &&
        status == X11_CALL(XInternAtom)(connection->display, "LOCK", True))
        strlist_add(facts, "warning=screen locked (xscreensaver)");
}

/* Returns whether the CRTC's gamma table makes grey a colour. */
static bool x11_tints(struct x11_connection *connection, RRCrtc crtc)
{
    XRRCrtcGamma *gamma = X11_CALL(XRRGetCrtcGamma)(connection->display, crtc);
    if (!gamma)
        return false;
    size_t len = (size_t)(gamma->size > 0 ? gamma->size : 0) * sizeof *gamma->red;
    bool uneven = memcmp(gamma->red, gamma->green, len) != 0 || memcmp(gamma->red, gamma->blue, len) != 0;
    X11_CALL(XRRFreeGamma)(gamma);
    return uneven;
}

/* Warns of what the hardware does to the picture behind the server, as a program for the night has it done. A server sends no
   event when a gamma table changes, so it is asked with each picture: once for each CRTC that shows something. */
static void x11_warn_tint(struct x11_connection *connection, const struct x11_screen *screen, struct strlist *facts)
{
    bool tinted = false;
    for (size_t i = 0; i < screen->crtc_count && !tinted; i++)
        tinted = x11_tints(connection, screen->crtc_ids[i]);
    if (tinted)
        strlist_add(facts, "warning=the display hardware tints the picture, as for the night, and what was captured is "
                           "before that");
}

void x11_state_warn(struct x11_connection *connection, const struct x11_screen *screen, struct strlist *facts)
{
    for (int library = 0; library < X11_LIBS_OF_PICTURES; library++)
        if (x11_missing((enum x11_library)library))
            strlist_addf(facts, "warning=%s", x11_missing((enum x11_library)library));
    x11_state_warn_sleep(connection, screen->number, facts);
    x11_warn_tint(connection, screen, facts);
}

void x11_state_warn_sleep(struct x11_connection *connection, int screen, struct strlist *facts)
{
    x11_warn_dpms(connection, facts);
    x11_warn_saver(connection, screen, facts);
    x11_warn_locked(connection, screen, facts);
}
