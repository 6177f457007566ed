/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The objects of a card (connectors, CRTCs, planes), and their properties by name. */
#ifndef CAPTURE_DRM_OBJECT_H
#define CAPTURE_DRM_OBJECT_H

#include "capture/drm/card.h"

#define DRM_OBJECTS_MAX 256     /* of one kind on a card */
#define DRM_BLOB_MAX (1u << 20) /* bytes */

struct drm_objects {
    uint32_t crtcs[DRM_OBJECTS_MAX], connectors[DRM_OBJECTS_MAX], planes[DRM_OBJECTS_MAX];
    uint32_t crtc_count, connector_count, plane_count;
};

/* Reads the numbers of the card's CRTCs, connectors and planes. */
int drm_objects_read(const struct drm_card *card, struct drm_objects *objects, struct error *err);

/* Returns the object's properties, for drmModeFreeObjectProperties(), or NULL: it is gone, or has more than
   DRM_PROPERTIES_MAX. `type` is a DRM_MODE_OBJECT_*. */
drmModeObjectProperties *drm_properties_read(const struct drm_card *card, uint32_t object, uint32_t type);

/* Finds the value of the property with this name; NULL has none. */
bool drm_property_get(const struct drm_card *card, const drmModeObjectProperties *properties, const char *name,
                      uint64_t *value);

/* Returns the name that an enum property has for the value, or "". It is valid until the card is closed. The property must
   have been found by drm_property_get() before. */
const char *drm_property_value_name(const struct drm_card *card, const char *name, uint64_t value);

/* Returns the bytes of a property's blob, owned by the caller, or NULL with a length of 0. */
uint8_t *drm_blob_read(const struct drm_card *card, uint64_t id, size_t *len);

#endif
