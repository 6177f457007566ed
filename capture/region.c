/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/region.h"

int region_apply(const struct capture_options *options, const char *name, struct rect *area, struct error *err)
{
    const struct rect *region = &options->region;
    if (options->has_region) {
        if (region->x < 0 || region->y < 0 || region->width < 1 || region->height < 1 ||
            (uint64_t)region->x + region->width > area->width || (uint64_t)region->y + region->height > area->height)
            return error_set(err, ERR_INVALID, "the region %ux%u%+d%+d does not lie within the %ux%u pixels of %s",
                             region->width, region->height, region->x, region->y, area->width, area->height, name);
        *area = (struct rect){area->x + region->x, area->y + region->y, region->width, region->height};
    }
    if (area->width == 0 || area->height == 0)
        return 0;
    return image_check_size(name, area->width, area->height, err);
}
