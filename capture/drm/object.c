/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- objects ---- */

static int object_limit_error(const struct drm_card *card, const char *what, uint32_t count, struct error *err)
{
    return error_set(err, ERR_LIMIT, "card%u has %u %s, more than the %d that are looked at", card->number, count, what,
                     DRM_OBJECTS_MAX);
}

static int object_call_error(const struct drm_card *card, const char *what, int code, struct error *err)
{
    return error_set(err, drm_call_status(code), "card%u (%s) does not tell its %s: %s", card->number, card->driver,
                     what, strerror(code));
}

static int copy_ids(const struct drm_card *card, const char *what, const uint32_t *ids, uint32_t count,
                    uint32_t to[DRM_OBJECTS_MAX], uint32_t *to_count, struct error *err)
{
    if (count > DRM_OBJECTS_MAX)
        return object_limit_error(card, what, count, err);
    if (count > 0)
        memcpy(to, ids, count * sizeof *to);
    *to_count = count;
    return 0;
}

static int read_plane_ids(const struct drm_card *card, struct drm_objects *objects, struct error *err)
{
    drmModePlaneRes *get = DRM_CALL(card, "MODE_GETPLANERESOURCES", drmModeGetPlaneResources(card->fd));
    if (!get)
        return object_call_error(card, "planes", errno, err);
    int status = copy_ids(card, "planes", get->planes, get->count_planes, objects->planes, &objects->plane_count, err);
    drmModeFreePlaneResources(get);
    return status;
}

int drm_objects_read(const struct drm_card *card, struct drm_objects *objects, struct error *err)
{
    drmModeRes *get = DRM_CALL(card, "MODE_GETRESOURCES", drmModeGetResources(card->fd));
    if (!get)
        return object_call_error(card, errno == EOPNOTSUPP ? "outputs (it has none)" : "outputs", errno, err);
    int status =
        copy_ids(card, "CRTCs", get->crtcs, (uint32_t)get->count_crtcs, objects->crtcs, &objects->crtc_count, err);
    if (status == 0)
        status = copy_ids(card, "connectors", get->connectors, (uint32_t)get->count_connectors, objects->connectors,
                          &objects->connector_count, err);
    drmModeFreeResources(get);
    return status < 0 ? status : read_plane_ids(card, objects, err);
}

/* ---- properties ---- */

drmModeObjectProperties *drm_properties_read(const struct drm_card *card, uint32_t object, uint32_t type)
{
    drmModeObjectProperties *get =
        DRM_CALL(card, "MODE_OBJ_GETPROPERTIES", drmModeObjectGetProperties(card->fd, object, type));
    if (!get || get->count_props <= DRM_PROPERTIES_MAX)
        return get;
    drmModeFreeObjectProperties(get);
    return NULL;
}

static const drmModePropertyRes *find_property(const struct drm_card *card, uint32_t id)
{
    struct drm_property_cache *cache = card->properties;
    for (size_t i = 0; i < cache->count; i++)
        if (cache->items[i]->prop_id == id)
            return cache->items[i];
    if (cache->count == DRM_PROPERTIES_MAX)
        return NULL;
    drmModePropertyRes *property = DRM_CALL(card, "MODE_GETPROPERTY", drmModeGetProperty(card->fd, id));
    if (property)
        cache->items[cache->count++] = property;
    return property;
}

bool drm_property_get(const struct drm_card *card, const drmModeObjectProperties *properties, const char *name,
                      uint64_t *value)
{
    for (uint32_t i = 0; properties && i < properties->count_props; i++) {
        const drmModePropertyRes *property = find_property(card, properties->props[i]);
        if (property && strcmp(property->name, name) == 0) {
            *value = properties->prop_values[i];
            return true;
        }
    }
    return false;
}

const char *drm_property_value_name(const struct drm_card *card, const char *name, uint64_t value)
{
    const struct drm_property_cache *cache = card->properties;
    for (size_t i = 0; i < cache->count; i++) {
        const drmModePropertyRes *property = cache->items[i];
        if (strcmp(property->name, name) != 0)
            continue;
        for (int v = 0; property->enums && v < property->count_enums; v++)
            if (property->enums[v].value == value && memchr(property->enums[v].name, 0, DRM_PROP_NAME_LEN))
                return property->enums[v].name;
    }
    return "";
}

/* Reads the blob without drmModeGetPropertyBlob(): that would copy more than it has allocated, were the blob replaced
   between its two calls by a longer one with the same number. Here the kernel is told how much there is room for. */
uint8_t *drm_blob_read(const struct drm_card *card, uint64_t id, size_t *len)
{
    struct drm_mode_get_blob get = {.blob_id = (uint32_t)id};
    *len = 0;
    if (id == 0 || DRM_IOCTL(card, MODE_GETPROPBLOB, &get) || get.length == 0 || get.length > DRM_BLOB_MAX)
        return NULL;
    uint32_t room = get.length;
    uint8_t *bytes = malloc(room);
    get.data = (uint64_t)(uintptr_t)bytes;
    if (!bytes || DRM_IOCTL(card, MODE_GETPROPBLOB, &get) || get.length != room) {
        free(bytes);
        return NULL;
    }
    *len = room;
    return bytes;
}
