/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The input desktop, which the user sees, and the monitors that show it. */
#ifndef CAPTURE_WIN32_GDI_SCREEN_H
#define CAPTURE_WIN32_GDI_SCREEN_H

#include "base/buffer.h"
#include "capture/capture.h"

#include <wchar.h>

#define GDI_MONITORS_MAX 64
#define GDI_NAME_SIZE 128 /* bytes of UTF-8 with the NUL */

struct gdi_monitor {
    char name[GDI_NAME_SIZE]; /* "DISPLAY1" */
    struct rect area;         /* of the virtual screen, whose origin is the primary monitor's */
};

struct gdi_layout {
    struct rect whole;           /* the virtual screen */
    char desktop[GDI_NAME_SIZE]; /* the input desktop; "" where this process may not open it */
    struct gdi_monitor monitors[GDI_MONITORS_MAX];
    size_t count;
};

void gdi_layout_read(struct gdi_layout *layout);
bool gdi_layout_same(const struct gdi_layout *a, const struct gdi_layout *b);

/* Switches this thread, which must have no window, to the input desktop. Returns ERR_UNAVAILABLE or ERR_DENIED with the
   reason when this process may not open it. */
int gdi_desktop_enter(struct error *err);
/* Reads the name of a desktop or a window station (a HANDLE). */
void gdi_object_name(void *object, char name[GDI_NAME_SIZE]);

/* Loads a function that not every Windows has, from a DLL of the system directory. Returns NULL where there is none.
   The DLL stays loaded. */
void (*gdi_system_function(const wchar_t *module, const char *name))(void);

void gdi_append_utf8(struct buffer *out, const wchar_t *text);
/* Appends the text as UTF-8, with '?' instead of control characters. */
void gdi_append_text(struct buffer *out, const wchar_t *text);

/* Sets the text for describe_hang: what this backend waits for. The text is a literal. */
void gdi_set_activity(const char *activity);
const char *gdi_activity(void);

#endif
