/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/win32/gdi_take.h"

#include "capture/win32/gdi_area.h"

#include <string.h>

/* ERR_CLOSED when it is to be tried again. */
static int gdi_take_once(const struct gdi_take_calls *calls, void *context, const struct capture_options *options,
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

int gdi_take(const struct gdi_take_calls *calls, void *context, const struct capture_options *options,
             struct gdi_layout *layout, struct rect *area, struct error *err)
{
    struct error reason;
    int status = ERR_CLOSED;
    for (int i = 0; i < GDI_TAKE_TRIES && status == ERR_CLOSED; i++)
        status = gdi_take_once(calls, context, options, layout, area, &reason);
    if (status == ERR_CLOSED)
        return error_set(err, ERR_UNAVAILABLE, "%s, again and again", reason.text);
    return status ? error_set(err, status, "%s", reason.text) : 0;
}
