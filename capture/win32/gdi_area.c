/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/win32/gdi_area.h"

#include "capture/region.h"

#include <stdio.h>
#include <string.h>

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
