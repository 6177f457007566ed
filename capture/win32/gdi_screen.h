/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The desktop that a person would see, and the monitors that show it. */
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
    char desktop[GDI_NAME_SIZE]; /* the one that has the input; "" where this process can't see it */
    struct gdi_monitor monitors[GDI_MONITORS_MAX];
    size_t count;
};

void gdi_layout_read(struct gdi_layout *layout);
bool gdi_layout_same(const struct gdi_layout *a, const struct gdi_layout *b);

/* Brings this thread, which must have no window, to the desktop that has the input. ERR_UNAVAILABLE or ERR_DENIED with
   the reason when this process can't see it. */
int gdi_desktop_enter(struct error *err);
/* Of a desktop or a window station (a HANDLE). */
void gdi_object_name(void *object, char name[GDI_NAME_SIZE]);

/* A function that not every Windows has, of a DLL in the system's folder; NULL where there is none. The DLL stays. */
void (*gdi_system_function(const wchar_t *module, const char *name))(void);

void gdi_append_utf8(struct buffer *out, const wchar_t *text);
/* The same without control characters. */
void gdi_append_text(struct buffer *out, const wchar_t *text);

/* For describe_hang: what is being waited for; a literal. */
void gdi_set_activity(const char *activity);
const char *gdi_activity(void);

#endif
