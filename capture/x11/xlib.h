/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Xlib and its extensions, loaded at the first use: a guest without X needs none of them. */
#ifndef CAPTURE_X11_XLIB_H
#define CAPTURE_X11_XLIB_H

#include "base/error.h"
#include "capture/apart/apart.h"

#include <X11/Xatom.h>
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <X11/extensions/XShm.h>
#include <X11/extensions/Xfixes.h>
#include <X11/extensions/Xrandr.h>
#include <X11/extensions/dpms.h>
#include <X11/extensions/scrnsaver.h>
#include <X11/keysym.h>

#include <stdbool.h>

/* Of X11/extensions/XTest.h, which would be one more package for these. */
Bool XTestQueryExtension(Display *display, int *event, int *error, int *major, int *minor);
int XTestFakeKeyEvent(Display *display, unsigned keycode, Bool down, unsigned long delay);
int XTestFakeButtonEvent(Display *display, unsigned button, Bool down, unsigned long delay);
int XTestFakeMotionEvent(Display *display, int screen, int x, int y, unsigned long delay);

/* X(symbol, file, what is lost without it). Only the first is required. */
#define X11_LIBRARIES(X)                                                                                               \
    X(X11_LIB_X11, "libX11.so.6", "everything")                                                                        \
    X(X11_LIB_XEXT, "libXext.so.6", "pictures take longer and a sleeping display is not noticed")                      \
    X(X11_LIB_XFIXES, "libXfixes.so.3", "the cursor can't be drawn")                                                   \
    X(X11_LIB_XRANDR, "libXrandr.so.2", "outputs can't be told apart")                                                 \
    X(X11_LIB_XSS, "libXss.so.1", "an active screen saver is not noticed")                                             \
    X(X11_LIB_XDAMAGE, "libXdamage.so.1", "changes are found by comparing pictures only")                              \
    X(X11_LIB_XI, "libXi.so.6", "a pointer that moves is found by comparing only")                                     \
    X(X11_LIB_XTST, "libXtst.so.6", "nothing can be typed or clicked") /* loaded when that is asked for */
#define X11_LIBS_OF_PICTURES X11_LIB_XDAMAGE /* those before it are needed for a picture as it should be */

/* Of these two the headers are rarely there, and this is all that is needed. */
#define XDamageReportNonEmpty 3
Bool XDamageQueryExtension(Display *display, int *event, int *error);
XID XDamageCreate(Display *display, Drawable drawable, int level);
void XDamageSubtract(Display *display, XID damage, XserverRegion repair, XserverRegion parts);
typedef struct {
    int deviceid, mask_len;
    unsigned char *mask;
} XIEventMask;
Status XIQueryVersion(Display *display, int *major, int *minor);
int XISelectEvents(Display *display, Window window, XIEventMask *masks, int count);

enum x11_library {
#define X(symbol, file, loss) symbol,
    X11_LIBRARIES(X)
#undef X
        X11_LIB_COUNT,
};

/* X(library, function, whether the library is of no use without it) */
#define X11_FUNCTIONS(X)                                                                                               \
    X(X11_LIB_X11, XOpenDisplay, true)                                                                                 \
    X(X11_LIB_X11, XCloseDisplay, true)                                                                                \
    X(X11_LIB_X11, XSetAuthorization, true)                                                                            \
    X(X11_LIB_X11, XSetErrorHandler, true)                                                                             \
    X(X11_LIB_X11, XSetIOErrorHandler, true)                                                                           \
    X(X11_LIB_X11, XSetIOErrorExitHandler, false) /* since 1.7 */                                                      \
    X(X11_LIB_X11, XSync, true)                                                                                        \
    X(X11_LIB_X11, XFree, true)                                                                                        \
    X(X11_LIB_X11, XGetImage, true)                                                                                    \
    X(X11_LIB_X11, XSelectInput, true)                                                                                 \
    X(X11_LIB_X11, XPending, true)                                                                                     \
    X(X11_LIB_X11, XNextEvent, true)                                                                                   \
    X(X11_LIB_X11, XGetGeometry, true)                                                                                 \
    X(X11_LIB_X11, XGetWindowAttributes, true)                                                                         \
    X(X11_LIB_X11, XGetWindowProperty, true)                                                                           \
    X(X11_LIB_X11, XGetTextProperty, true)                                                                             \
    X(X11_LIB_X11, XGetClassHint, true)                                                                                \
    X(X11_LIB_X11, XGetAtomName, true)                                                                                 \
    X(X11_LIB_X11, XGetSelectionOwner, true)                                                                           \
    X(X11_LIB_X11, XInternAtom, true)                                                                                  \
    X(X11_LIB_X11, XInternAtoms, true)                                                                                 \
    X(X11_LIB_X11, XQueryTree, true)                                                                                   \
    X(X11_LIB_X11, XQueryPointer, true)                                                                                \
    X(X11_LIB_X11, XQueryColors, true)                                                                                 \
    X(X11_LIB_X11, XQueryExtension, true)                                                                              \
    X(X11_LIB_X11, XListInstalledColormaps, true)                                                                      \
    X(X11_LIB_X11, XDisplayKeycodes, true)                                                                             \
    X(X11_LIB_X11, XGetKeyboardMapping, true)                                                                          \
    X(X11_LIB_X11, XChangeKeyboardMapping, true)                                                                       \
    X(X11_LIB_X11, XTranslateCoordinates, true)                                                                        \
    X(X11_LIB_X11, Xutf8TextPropertyToTextList, true)                                                                  \
    X(X11_LIB_X11, XFreeStringList, true)                                                                              \
    X(X11_LIB_XEXT, XShmQueryExtension, true)                                                                          \
    X(X11_LIB_XEXT, XShmCreateImage, true)                                                                             \
    X(X11_LIB_XEXT, XShmAttach, true)                                                                                  \
    X(X11_LIB_XEXT, XShmDetach, true)                                                                                  \
    X(X11_LIB_XEXT, XShmGetImage, true)                                                                                \
    X(X11_LIB_XEXT, DPMSQueryExtension, true)                                                                          \
    X(X11_LIB_XEXT, DPMSCapable, true)                                                                                 \
    X(X11_LIB_XEXT, DPMSInfo, true)                                                                                    \
    X(X11_LIB_XFIXES, XFixesQueryExtension, true)                                                                      \
    X(X11_LIB_XFIXES, XFixesSelectCursorInput, true)                                                                   \
    X(X11_LIB_XFIXES, XFixesGetCursorImage, true)                                                                      \
    X(X11_LIB_XFIXES, XFixesCreateRegion, true)                                                                        \
    X(X11_LIB_XFIXES, XFixesFetchRegion, true)                                                                         \
    X(X11_LIB_XRANDR, XRRSelectInput, true)                                                                            \
    X(X11_LIB_XRANDR, XRRQueryVersion, true)                                                                           \
    X(X11_LIB_XRANDR, XRRGetScreenResourcesCurrent, true)                                                              \
    X(X11_LIB_XRANDR, XRRFreeScreenResources, true)                                                                    \
    X(X11_LIB_XRANDR, XRRGetCrtcInfo, true)                                                                            \
    X(X11_LIB_XRANDR, XRRFreeCrtcInfo, true)                                                                           \
    X(X11_LIB_XRANDR, XRRGetOutputInfo, true)                                                                          \
    X(X11_LIB_XRANDR, XRRFreeOutputInfo, true)                                                                         \
    X(X11_LIB_XRANDR, XRRGetCrtcGamma, true)                                                                           \
    X(X11_LIB_XRANDR, XRRFreeGamma, true)                                                                              \
    X(X11_LIB_XRANDR, XRRGetMonitors, false) /* since 1.5 */                                                           \
    X(X11_LIB_XRANDR, XRRFreeMonitors, false)                                                                          \
    X(X11_LIB_XSS, XScreenSaverQueryExtension, true)                                                                   \
    X(X11_LIB_XSS, XScreenSaverQueryInfo, true)                                                                        \
    X(X11_LIB_XDAMAGE, XDamageQueryExtension, true)                                                                    \
    X(X11_LIB_XDAMAGE, XDamageCreate, true)                                                                            \
    X(X11_LIB_XDAMAGE, XDamageSubtract, true)                                                                          \
    X(X11_LIB_XI, XIQueryVersion, true)                                                                                \
    X(X11_LIB_XI, XISelectEvents, true)                                                                                \
    X(X11_LIB_XTST, XTestQueryExtension, true)                                                                         \
    X(X11_LIB_XTST, XTestFakeKeyEvent, true)                                                                           \
    X(X11_LIB_XTST, XTestFakeButtonEvent, true)                                                                        \
    X(X11_LIB_XTST, XTestFakeMotionEvent, true)

struct x11_functions {
#define X(library, function, required) __typeof__(function) *function;
    X11_FUNCTIONS(X)
#undef X
};

extern struct x11_functions x11; /* NULL where the library or function is missing */

/* The function, after its name was noted for the report of a call that hangs or crashes. */
#define X11_CALL(function) (apart_note_call(#function, 0), x11.function)

/* Loads the libraries at the first call. Returns ERR_UNAVAILABLE when libX11 is missing. */
int x11_load(struct error *err);
/* Loads one of those that are not for pictures, at the first call. */
void x11_load_more(enum x11_library library);
/* Returns NULL when the library is loaded, else one line: why not and what is lost. Borrowed. */
const char *x11_missing(enum x11_library library);

#endif
