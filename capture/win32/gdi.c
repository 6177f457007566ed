/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/win32/gdi.h"

#include "capture/win32/gdi_cursor.h"
#include "capture/win32/gdi_displays.h"
#include "capture/win32/gdi_image.h"
#include "capture/win32/gdi_input.h"
#include "capture/win32/gdi_screen.h"
#include "capture/win32/gdi_session.h"
#include "capture/win32/gdi_capture.h"
#include "capture/win32/gdi_windows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct capture {
    struct gdi_image image;
    struct gdi_layout layout; /* of the last picture */
    struct hands hands;
};

/* ---- the picture ---- */

static int gdi_capture_enter(void *context, struct error *err)
{
    (void)context;
    return gdi_desktop_enter(err);
}

static void gdi_capture_read(void *context, struct gdi_layout *layout)
{
    (void)context;
    gdi_layout_read(layout);
}

static int gdi_capture_copy(void *context, const struct rect *area, struct error *err)
{
    struct capture *capture = context;
    return gdi_image_copy(&capture->image, area, err);
}

static const struct gdi_capture_calls capture_calls = {gdi_capture_enter, gdi_capture_read, gdi_capture_copy};

static void gdi_add_facts(const struct capture *capture, const struct capture_options *options, const struct rect *area,
                          const char *cursor, struct strlist *facts)
{
    const struct gdi_layout *layout = &capture->layout;
    strlist_addf(facts, "output=%s", options->output ? options->output : "all");
    strlist_addf(facts, "geometry=%ux%u%+d%+d", area->width, area->height, area->x, area->y);
    strlist_addf(facts, "method=%s", capture->image.layered ? "BitBlt, CAPTUREBLT" : "BitBlt");
    strlist_addf(facts, "cursor=%s", cursor);
    gdi_desktop_facts(facts);
    gdi_layout_facts(layout, facts);
}

static enum capture_result gdi_grab(struct capture *capture, const struct capture_options *options,
                                    struct image_view *view, struct strlist *facts, struct error *err)
{
    struct rect area;
    if (gdi_capture(&capture_calls, capture, options, &capture->layout, &area, err))
        return CAPTURE_FAILED;
    gdi_image_view(&capture->image, view);
    struct cursor_canvas canvas = {capture->image.rgb, area.width, area.height};
    gdi_add_facts(capture, options, &area, options->cursor ? gdi_cursor_draw(&canvas, &area) : "off", facts);
    if (!options->cursor)
        gdi_pointer_add(&area, options->shape, facts);
    return CAPTURE_OK;
}

/* ---- lists ---- */

static int gdi_displays(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                        struct error *err)
{
    (void)options;
    struct gdi_layout *layout = &capture->layout;
    int status = gdi_desktop_enter(err);
    if (status)
        return status;
    gdi_layout_read(layout);
    gdi_displays_list(layout, "gdi", facts);
    return 0;
}

static int gdi_windows(struct capture *capture, const struct capture_options *options, struct strlist *lines,
                       struct error *err)
{
    (void)capture, (void)options;
    int status = gdi_desktop_enter(err);
    return status ? status : gdi_windows_list(lines, err);
}

/* ---- input ---- */

static int gdi_do_input(struct capture *capture, const struct strlist *actions, struct error *err)
{
    struct input_list list;
    int status = input_list_parse(&list, actions, err);
    if (status == 0)
        status = gdi_desktop_enter(err);
    if (status == 0) {
        gdi_layout_read(&capture->layout);
        status = gdi_input_do(&capture->hands, &capture->layout, &list, err);
    }
    input_list_deinit(&list);
    return status;
}

static int gdi_input(struct capture *capture, const struct capture_options *options, struct strlist *facts,
                     struct error *err)
{
    if (!options->actions)
        return gdi_input_leave(&capture->hands, err);
    int status = gdi_do_input(capture, options->actions, err);
    if (status == 0)
        strlist_add(facts, "by=sendinput");
    return status;
}

/* ---- the interface ---- */

static void gdi_close(struct capture *capture)
{
    if (!capture)
        return;
    struct error err;
    gdi_input_leave(&capture->hands, &err); /* the worker ends, as when the agent has */
    gdi_image_close(&capture->image);
    free(capture);
}

static int gdi_open(struct capture **out, const struct capture_options *options, struct error *err)
{
    (void)options;
    *out = NULL;
    int status = gdi_desktop_enter(err);
    if (status)
        return status;
    *out = calloc(1, sizeof **out);
    return *out ? 0 : error_set(err, ERR_NO_MEMORY, "no memory to look at the desktop");
}

static void gdi_describe_hang(char *text, size_t size)
{
    snprintf(text, size, "%s", gdi_activity());
}

const struct capture_backend capture_gdi = {
    .name = "gdi",
    .summary = "the desktop of a Windows session, by GDI",
    .open = gdi_open,
    .grab = gdi_grab,
    .displays = gdi_displays,
    .windows = gdi_windows,
    .input = gdi_input,
    .close = gdi_close,
    .describe_hang = gdi_describe_hang,
};
