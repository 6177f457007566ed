/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/win32/gdi_capture.h"

#include "capture/region.h"

#include <stdio.h>
#include <string.h>

/* ---- the area ---- */

static int gdi_find_output(const struct gdi_layout *layout, const char *name, struct rect *area, struct error *err)
{
    struct buffer names;
    for (size_t i = 0; i < layout->count; i++) {
        if (strcmp(layout->monitors[i].name, name) == 0) {
            *area = layout->monitors[i].area;
            return 0;
        }
    }
    buffer_init(&names, ERROR_LIST_MAX);
    for (size_t i = 0; i < layout->count; i++)
        buffer_printf(&names, " %s", layout->monitors[i].name);
    error_set(err, ERR_NOT_FOUND, "there is no output '%s' among:%s", name,
              names.data ? (const char *)names.data : " none");
    buffer_deinit(&names);
    return ERR_NOT_FOUND;
}

int gdi_area_find(const struct gdi_layout *layout, const struct capture_options *options, struct rect *area,
                  struct error *err)
{
    char of[GDI_NAME_SIZE + 16] = "the screen";
    *area = layout->whole;
    if (options->output) {
        int status = gdi_find_output(layout, options->output, area, err);
        if (status)
            return status;
        snprintf(of, sizeof of, "output %s", options->output);
    }
    int status = region_apply(options, of, area, err);
    if (status)
        return status;
    if (area->width < 1 || area->height < 1)
        return error_set(err, ERR_UNAVAILABLE, "no-output: %s has no pixels", of);
    return 0;
}

/* ---- the capture ---- */

/* Returns ERR_CLOSED when the capture has to be repeated. */
static int gdi_capture_once(const struct gdi_capture_calls *calls, void *context, const struct capture_options *options,
                            struct gdi_layout *layout, struct rect *area, struct error *err)
{
    static struct gdi_layout after; /* large */
    int status = calls->enter(context, err);
    if (status)
        return status;
    calls->read(context, layout);
    status = gdi_area_find(layout, options, area, err);
    if (status == 0)
        status = calls->copy(context, area, err);
    if (status)
        return status;
    calls->read(context, &after);
    if (strcmp(layout->desktop, after.desktop) != 0)
        return error_set(err, ERR_CLOSED, "the desktop changes from '%s' to '%s' while a picture is taken",
                         layout->desktop, after.desktop);
    if (gdi_layout_same(layout, &after))
        return 0;
    return error_set(err, ERR_CLOSED, "the screen's layout changes while a picture is taken");
}

int gdi_capture(const struct gdi_capture_calls *calls, void *context, const struct capture_options *options,
                struct gdi_layout *layout, struct rect *area, struct error *err)
{
    struct error reason;
    int status = ERR_CLOSED;
    for (int i = 0; i < GDI_CAPTURE_TRIES && status == ERR_CLOSED; i++)
        status = gdi_capture_once(calls, context, options, layout, area, &reason);
    if (status == ERR_CLOSED)
        return error_set(err, ERR_UNAVAILABLE, "%s, again and again", reason.text);
    return status ? error_set(err, status, "%s", reason.text) : 0;
}
