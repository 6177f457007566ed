/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The properties of a card's objects (connectors, CRTCs, planes), by name. */
#ifndef CAPTURE_DRM_OBJECT_H
#define CAPTURE_DRM_OBJECT_H

#include "capture/drm/card.h"

#define DRM_OBJECTS_MAX 256     /* of one kind on a card */
#define DRM_PROPERTIES_MAX 512  /* of one object, and of one card */
#define DRM_BLOB_MAX (1u << 20) /* bytes */

struct drm_properties {
    uint32_t count;
    uint32_t ids[DRM_PROPERTIES_MAX];
    uint64_t values[DRM_PROPERTIES_MAX];
};

/* The properties' names, which are asked for once for each time a card is opened. */
struct drm_property_cache *drm_property_cache_new(void);        /* NULL: no memory */
void drm_property_cache_free(struct drm_property_cache *cache); /* accepts NULL */

struct drm_objects {
    uint32_t crtcs[DRM_OBJECTS_MAX], connectors[DRM_OBJECTS_MAX], planes[DRM_OBJECTS_MAX];
    uint32_t crtc_count, connector_count, plane_count;
};

int drm_objects_read(const struct drm_card *card, struct drm_objects *objects, struct error *err);

/* `type` is a DRM_MODE_OBJECT_*. An object that is gone or has too many properties has none here. */
void drm_properties_read(const struct drm_card *card, uint32_t object, uint32_t type, struct drm_properties *out);
bool drm_property_get(const struct drm_card *card, const struct drm_properties *properties, const char *name,
                      uint64_t *value);
/* The name that an enum property has for the value, or "". Valid until the card is closed. */
const char *drm_property_value_name(const struct drm_card *card, const char *name, uint64_t value);

/* A property's blob, or NULL. Owned by the caller. */
uint8_t *drm_blob_read(const struct drm_card *card, uint64_t id, size_t *len);

#endif
