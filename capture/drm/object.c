/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_NAMES_MAX 16 /* of one property */

struct property {
    uint32_t id, value_count;
    char name[DRM_PROP_NAME_LEN + 1];
    struct drm_mode_property_enum values[VALUE_NAMES_MAX];
};

struct drm_property_cache {
    size_t count;
    struct property items[DRM_PROPERTIES_MAX];
};

/* The kernel takes pointers as numbers. */
static uint64_t address(const void *pointer)
{
    return (uint64_t)(uintptr_t)pointer;
}

struct drm_property_cache *drm_property_cache_new(void)
{
    return calloc(1, sizeof(struct drm_property_cache));
}

void drm_property_cache_free(struct drm_property_cache *cache)
{
    free(cache);
}

/* ---- objects ---- */

static int limit_error(const struct drm_card *card, const char *what, uint32_t count, struct error *err)
{
    return error_set(err, ERR_LIMIT, "card%u has %u %s, more than the %d that are looked at", card->number, count, what,
                     DRM_OBJECTS_MAX);
}

static int call_error(const struct drm_card *card, const char *what, int code, struct error *err)
{
    return error_set(err, ERR_UNAVAILABLE, "card%u (%s) does not tell its %s: %s", card->number, card->driver, what,
                     strerror(code));
}

/* The kernel fills an array only when all fits, and always tells how many there are. */
static int read_planes(const struct drm_card *card, struct drm_objects *objects, struct error *err)
{
    struct drm_mode_get_plane_res get = {.plane_id_ptr = address(objects->planes), .count_planes = DRM_OBJECTS_MAX};
    int code = DRM_CALL(card, MODE_GETPLANERESOURCES, &get);
    if (code)
        return call_error(card, "planes", code, err);
    if (get.count_planes > DRM_OBJECTS_MAX)
        return limit_error(card, "planes", get.count_planes, err);
    objects->plane_count = get.count_planes;
    return 0;
}

int drm_objects_read(const struct drm_card *card, struct drm_objects *objects, struct error *err)
{
    struct drm_mode_card_res get = {
        .crtc_id_ptr = address(objects->crtcs),
        .connector_id_ptr = address(objects->connectors),
        .count_crtcs = DRM_OBJECTS_MAX,
        .count_connectors = DRM_OBJECTS_MAX,
    };
    int code = DRM_CALL(card, MODE_GETRESOURCES, &get);
    if (code)
        return call_error(card, code == EOPNOTSUPP ? "outputs (it has none)" : "outputs", code, err);
    if (get.count_crtcs > DRM_OBJECTS_MAX)
        return limit_error(card, "CRTCs", get.count_crtcs, err);
    if (get.count_connectors > DRM_OBJECTS_MAX)
        return limit_error(card, "connectors", get.count_connectors, err);
    objects->crtc_count = get.count_crtcs;
    objects->connector_count = get.count_connectors;
    return read_planes(card, objects, err);
}

/* ---- properties ---- */

void drm_properties_read(const struct drm_card *card, uint32_t object, uint32_t type, struct drm_properties *out)
{
    struct drm_mode_obj_get_properties get = {
        .props_ptr = address(out->ids),
        .prop_values_ptr = address(out->values),
        .count_props = DRM_PROPERTIES_MAX,
        .obj_id = object,
        .obj_type = type,
    };
    int code = DRM_CALL(card, MODE_OBJ_GETPROPERTIES, &get);
    out->count = code || get.count_props > DRM_PROPERTIES_MAX ? 0 : get.count_props;
}

/* Blob properties give no names of values; and those of one with too many are not needed here. */
static void read_property(const struct drm_card *card, struct property *property, uint32_t id)
{
    struct drm_mode_get_property get = {
        .prop_id = id, .enum_blob_ptr = address(property->values), .count_enum_blobs = VALUE_NAMES_MAX};
    uint64_t values[VALUE_NAMES_MAX];
    get.values_ptr = address(values);
    get.count_values = VALUE_NAMES_MAX;
    *property = (struct property){.id = id};
    if (DRM_CALL(card, MODE_GETPROPERTY, &get))
        return;
    memcpy(property->name, get.name, DRM_PROP_NAME_LEN);
    if (get.flags & DRM_MODE_PROP_ENUM && get.count_enum_blobs <= VALUE_NAMES_MAX)
        property->value_count = get.count_enum_blobs;
}

static const struct property *find_property(const struct drm_card *card, uint32_t id)
{
    struct drm_property_cache *cache = card->properties;
    for (size_t i = 0; i < cache->count; i++)
        if (cache->items[i].id == id)
            return &cache->items[i];
    if (cache->count == DRM_PROPERTIES_MAX)
        return NULL;
    read_property(card, &cache->items[cache->count], id);
    return &cache->items[cache->count++];
}

bool drm_property_get(const struct drm_card *card, const struct drm_properties *properties, const char *name,
                      uint64_t *value)
{
    for (uint32_t i = 0; i < properties->count; i++) {
        const struct property *property = find_property(card, properties->ids[i]);
        if (property && strcmp(property->name, name) == 0) {
            *value = properties->values[i];
            return true;
        }
    }
    return false;
}

const char *drm_property_value_name(const struct drm_card *card, const char *name, uint64_t value)
{
    const struct drm_property_cache *cache = card->properties;
    for (size_t i = 0; i < cache->count; i++)
        for (uint32_t v = 0; strcmp(cache->items[i].name, name) == 0 && v < cache->items[i].value_count; v++)
            if (cache->items[i].values[v].value == value &&
                memchr(cache->items[i].values[v].name, 0, DRM_PROP_NAME_LEN))
                return cache->items[i].values[v].name;
    return "";
}

uint8_t *drm_blob_read(const struct drm_card *card, uint64_t id, size_t *len)
{
    struct drm_mode_get_blob get = {.blob_id = (uint32_t)id};
    if (id == 0 || DRM_CALL(card, MODE_GETPROPBLOB, &get) || get.length == 0 || get.length > DRM_BLOB_MAX)
        return NULL;
    *len = get.length;
    uint8_t *bytes = malloc(*len);
    get.data = address(bytes);
    if (bytes && (DRM_CALL(card, MODE_GETPROPBLOB, &get) || get.length != *len)) {
        free(bytes);
        bytes = NULL;
    }
    return bytes;
}
