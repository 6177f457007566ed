/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm/color.h"

#include "capture/drm/object.h"

#include <stdlib.h>

static void read_table(const struct drm_card *card, uint64_t blob, struct color_table *table)
{
    size_t len = 0;
    uint8_t *bytes = drm_blob_read(card, blob, &len);
    if (bytes)
        color_table_read(table, bytes, len);
    free(bytes);
}

void drm_color_read(const struct drm_card *card, uint32_t crtc, struct colors *colors)
{
    uint64_t blob;
    size_t len = 0;
    *colors = (struct colors){0};
    drmModeObjectProperties *properties = drm_properties_read(card, crtc, DRM_MODE_OBJECT_CRTC);
    if (drm_property_get(card, properties, "DEGAMMA_LUT", &blob))
        read_table(card, blob, &colors->degamma);
    if (drm_property_get(card, properties, "GAMMA_LUT", &blob))
        read_table(card, blob, &colors->gamma);
    uint8_t *bytes = drm_property_get(card, properties, "CTM", &blob) ? drm_blob_read(card, blob, &len) : NULL;
    if (bytes)
        colors_read_matrix(colors, bytes, len);
    free(bytes);
    drmModeFreeObjectProperties(properties);
}
