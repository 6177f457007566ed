/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the made-up kernel answers to each ioctl: 0 or an errno. */
#include "tests/unit/capture/drm/fake_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define CLIENT_CAP_CURSOR_PLANE_HOTSPOT 6
#define ENCODER_BASE 9000 /* the numbers of encoders: one for each connector */

/* The numbers of properties. */
enum {
    PLANE_PROPERTY = 1000,
    ACTIVE = 2000,
    DEGAMMA_LUT,
    CTM,
    GAMMA_LUT,
    CONNECTOR_CRTC_ID,
    VRR_ENABLED,
    HDR_OUTPUT_METADATA,
};

static void *pointer(uint64_t number)
{
    return (void *)(uintptr_t)number;
}

/* ---- objects by their numbers ---- */

static struct fake_crtc *find_crtc(uint32_t id)
{
    for (uint32_t i = 0; i < fake.crtc_count; i++)
        if (fake.crtcs[i].id == id)
            return &fake.crtcs[i];
    return NULL;
}

static struct fake_connector *find_connector(uint32_t id)
{
    for (uint32_t i = 0; i < fake.connector_count; i++)
        if (fake.connectors[i].id == id)
            return &fake.connectors[i];
    return NULL;
}

static struct fake_plane *find_plane(uint32_t id)
{
    for (uint32_t i = 0; i < fake.plane_count; i++)
        if (fake.planes[i].id == id)
            return &fake.planes[i];
    return NULL;
}

/* ---- the card and its client ---- */

static int get_version(struct drm_version *get)
{
    size_t len = strlen(fake.driver);
    if (get->name)
        memcpy(get->name, fake.driver, len < get->name_len ? len : get->name_len);
    get->name_len = len;
    get->date_len = get->desc_len = 0;
    return 0;
}

static int set_capability(const struct drm_set_client_cap *set)
{
    switch (set->capability) {
    case DRM_CLIENT_CAP_UNIVERSAL_PLANES:
        fake.is_universal = set->value;
        return 0;
    case DRM_CLIENT_CAP_ATOMIC:
        if (fake.lacks_atomic)
            return EOPNOTSUPP;
        fake.is_atomic = fake.is_universal = set->value;
        return 0;
    case CLIENT_CAP_CURSOR_PLANE_HOTSPOT:
        if (!fake.hides_cursors)
            return EOPNOTSUPP;
        if (!fake.is_atomic)
            return EINVAL;
        fake.knows_hotspots = set->value;
        return 0;
    default:
        return EINVAL;
    }
}

/* ---- lists ---- */

/* Puts item N of a list that the caller has room for `room` of. */
static void put_id(uint64_t list, uint32_t room, uint32_t n, uint32_t id)
{
    if (n < room)
        ((uint32_t *)pointer(list))[n] = id;
}

static int get_resources(struct drm_mode_card_res *get)
{
    for (uint32_t i = 0; i < fake.crtc_count; i++)
        put_id(get->crtc_id_ptr, get->count_crtcs >= fake.crtc_count ? get->count_crtcs : 0, i, fake.crtcs[i].id);
    for (uint32_t i = 0; i < fake.connector_count; i++)
        put_id(get->connector_id_ptr, get->count_connectors >= fake.connector_count ? get->count_connectors : 0, i,
               fake.connectors[i].id);
    for (uint32_t i = 0; i < fake.connector_count; i++)
        put_id(get->encoder_id_ptr, get->count_encoders >= fake.connector_count ? get->count_encoders : 0, i,
               ENCODER_BASE + i);
    get->count_crtcs = fake.crtc_count;
    get->count_connectors = get->count_encoders = fake.connector_count;
    get->count_fbs = 0;
    return 0;
}

static bool is_listed(const struct fake_plane *plane)
{
    if (!fake.is_universal)
        return plane->values[FAKE_TYPE] == FAKE_OVERLAY;
    return !fake.hides_cursors || !fake.is_atomic || fake.knows_hotspots || plane->values[FAKE_TYPE] != FAKE_CURSOR;
}

static int get_planes(struct drm_mode_get_plane_res *get)
{
    uint32_t count = 0, room = get->count_planes;
    for (uint32_t i = 0; i < fake.plane_count; i++)
        if (is_listed(&fake.planes[i]))
            put_id(get->plane_id_ptr, room, count++, fake.planes[i].id);
    for (uint32_t i = 0; i < fake.unknown_planes; i++)
        put_id(get->plane_id_ptr, room, count++, 5000 + i);
    get->count_planes = count;
    return 0;
}

/* ---- objects ---- */

static int get_crtc(struct drm_mode_crtc *get)
{
    const struct fake_crtc *crtc = find_crtc(get->crtc_id);
    if (!crtc)
        return ENOENT;
    get->x = crtc->x;
    get->y = crtc->y;
    get->mode_valid = crtc->active;
    get->mode.hdisplay = crtc->width;
    get->mode.vdisplay = crtc->height;
    get->mode.vrefresh = crtc->refresh;
    return 0;
}

static int get_encoder(struct drm_mode_get_encoder *get)
{
    uint32_t index = get->encoder_id - ENCODER_BASE;
    if (index >= fake.connector_count)
        return ENOENT;
    get->crtc_id = fake.connectors[index].crtc;
    return 0;
}

/* With room for no modes the kernel probes the connector. */
static int get_connector(struct drm_mode_get_connector *get)
{
    const struct fake_connector *connector = find_connector(get->connector_id);
    bool full = get->count_props >= 2 && fake.is_atomic;
    if (!connector)
        return ENOENT;
    fake.probes += get->count_modes == 0;
    if (full) {
        memcpy(pointer(get->props_ptr), (uint32_t[]){CONNECTOR_CRTC_ID, HDR_OUTPUT_METADATA}, 8);
        memcpy(pointer(get->prop_values_ptr), (uint64_t[]){connector->crtc, connector->hdr}, 16);
    }
    get->count_props = fake.is_atomic ? 2 : 0;
    get->count_modes = get->count_encoders = 0;
    get->encoder_id = fake.is_atomic ? 0 : ENCODER_BASE + (uint32_t)(connector - fake.connectors);
    get->connector_type = connector->type;
    get->connector_type_id = connector->type_id;
    get->connection = 1;
    return 0;
}

static int get_plane(struct drm_mode_get_plane *get)
{
    const struct fake_plane *plane = find_plane(get->plane_id);
    if (!plane)
        return ENOENT;
    get->crtc_id = (uint32_t)plane->values[FAKE_CRTC_ID];
    get->fb_id = (uint32_t)plane->values[FAKE_FB_ID];
    get->count_format_types = 0;
    return 0;
}

/* ---- properties ---- */

static const char *const plane_properties[FAKE_PROPERTY_COUNT] = {
    [FAKE_TYPE] = "type",         [FAKE_CRTC_ID] = "CRTC_ID",
    [FAKE_FB_ID] = "FB_ID",       [FAKE_CRTC_X] = "CRTC_X",
    [FAKE_CRTC_Y] = "CRTC_Y",     [FAKE_CRTC_W] = "CRTC_W",
    [FAKE_CRTC_H] = "CRTC_H",     [FAKE_SRC_X] = "SRC_X",
    [FAKE_SRC_Y] = "SRC_Y",       [FAKE_SRC_W] = "SRC_W",
    [FAKE_SRC_H] = "SRC_H",       [FAKE_ROTATION] = "rotation",
    [FAKE_ALPHA] = "alpha",       [FAKE_BLEND] = "pixel blend mode",
    [FAKE_ZPOS] = "zpos",         [FAKE_ENCODING] = "COLOR_ENCODING",
    [FAKE_RANGE] = "COLOR_RANGE", [FAKE_HOT_X] = "HOTSPOT_X",
    [FAKE_HOT_Y] = "HOTSPOT_Y",
};

/* Numbers of values are their places. */
static const char *const value_names[FAKE_PROPERTY_COUNT][4] = {
    [FAKE_TYPE] = {"Overlay", "Primary", "Cursor"},
    [FAKE_BLEND] = {"Pre-multiplied", "Coverage", "None"},
    [FAKE_ENCODING] = {"ITU-R BT.601 YCbCr", "ITU-R BT.709 YCbCr", "ITU-R BT.2020 YCbCr"},
    [FAKE_RANGE] = {"YCbCr limited range", "YCbCr full range"},
};

/* The kernel hides those that are flagged atomic from clients that are not. */
static bool is_visible(const struct fake_plane *plane, int property)
{
    return plane->has >> property & 1 && (fake.is_atomic || property < FAKE_CRTC_ID || property > FAKE_SRC_H);
}

struct property_list {
    uint32_t count;
    struct {
        uint32_t id;
        uint64_t value;
    } items[FAKE_PROPERTY_COUNT + 8];
};

static void add_property(struct property_list *list, uint32_t id, uint64_t value)
{
    list->items[list->count].id = id;
    list->items[list->count++].value = value;
}

static int get_properties(struct drm_mode_obj_get_properties *get)
{
    struct property_list list = {0};
    const struct fake_plane *plane = get->obj_type == DRM_MODE_OBJECT_PLANE ? find_plane(get->obj_id) : NULL;
    const struct fake_crtc *crtc = get->obj_type == DRM_MODE_OBJECT_CRTC ? find_crtc(get->obj_id) : NULL;
    if (!plane && !crtc)
        return ENOENT;
    for (int i = 0; plane && i < FAKE_PROPERTY_COUNT; i++)
        if (is_visible(plane, i))
            add_property(&list, PLANE_PROPERTY + (uint32_t)i, plane->values[i]);
    if (crtc) {
        if (fake.is_atomic)
            add_property(&list, ACTIVE, crtc->active);
        add_property(&list, DEGAMMA_LUT, crtc->degamma);
        add_property(&list, CTM, crtc->ctm);
        add_property(&list, GAMMA_LUT, crtc->gamma);
        add_property(&list, VRR_ENABLED, crtc->varies);
    }
    for (uint32_t i = 0; i < list.count && list.count <= get->count_props; i++) {
        ((uint32_t *)pointer(get->props_ptr))[i] = list.items[i].id;
        ((uint64_t *)pointer(get->prop_values_ptr))[i] = list.items[i].value;
    }
    get->count_props = list.count;
    return 0;
}

static const char *property_name(uint32_t id)
{
    static const char *const others[] = {"ACTIVE",      "DEGAMMA_LUT",        "CTM", "GAMMA_LUT", "CRTC_ID",
                                         "VRR_ENABLED", "HDR_OUTPUT_METADATA"};
    if (id >= PLANE_PROPERTY && id < PLANE_PROPERTY + FAKE_PROPERTY_COUNT)
        return plane_properties[id - PLANE_PROPERTY];
    return id >= ACTIVE && id < ACTIVE + COUNT(others) ? others[id - ACTIVE] : NULL;
}

/* A value that the property does not have is one whose name has no end. */
static void name_value(struct drm_mode_property_enum *value, const char *const *names, uint32_t number)
{
    memset(value, 0, sizeof *value);
    value->value = number;
    if (number < 4 && names[number])
        strcpy(value->name, names[number]);
    else
        memset(value->name, 'x', sizeof value->name);
}

static int get_property(struct drm_mode_get_property *get)
{
    const char *name = property_name(get->prop_id);
    uint32_t index = get->prop_id - PLANE_PROPERTY, room = get->count_enum_blobs, count = 0;
    if (!name)
        return ENOENT;
    strcpy(get->name, name);
    get->count_values = get->count_enum_blobs = 0;
    get->flags = 0;
    while (index < FAKE_PROPERTY_COUNT && count < 4 && value_names[index][count])
        count++;
    if (count == 0)
        return 0;
    if (fake.enum_count)
        count = (uint32_t)fake.enum_count;
    for (uint32_t i = 0; i < count && count <= room; i++)
        name_value(&((struct drm_mode_property_enum *)pointer(get->enum_blob_ptr))[i], value_names[index], i);
    get->flags = DRM_MODE_PROP_ENUM;
    get->count_enum_blobs = count;
    return 0;
}

static int get_blob(struct drm_mode_get_blob *get)
{
    for (uint32_t i = 0; i < fake.blob_count; i++) {
        const struct fake_blob *blob = &fake.blobs[i];
        if (blob->id != get->blob_id)
            continue;
        if (blob->len && get->length == blob->len)
            memcpy(pointer(get->data), blob->bytes, blob->len);
        get->length = blob->len;
        return 0;
    }
    return ENOENT;
}

static int get_gamma(const struct drm_mode_crtc_lut *get)
{
    const struct fake_crtc *crtc = find_crtc(get->crtc_id);
    if (!crtc || !crtc->legacy_gamma || get->gamma_size != 256)
        return EINVAL;
    memcpy(pointer(get->red), crtc->legacy_gamma[0], sizeof crtc->legacy_gamma[0]);
    memcpy(pointer(get->green), crtc->legacy_gamma[1], sizeof crtc->legacy_gamma[1]);
    memcpy(pointer(get->blue), crtc->legacy_gamma[2], sizeof crtc->legacy_gamma[2]);
    return 0;
}

/* ---- framebuffers and their memory ---- */

static uint32_t open_handle(uint32_t buffer)
{
    for (uint32_t i = 0; i < FAKE_HANDLES_MAX; i++)
        if (fake.handles[i] == 0) {
            fake.handles[i] = buffer;
            return i + 1;
        }
    abort();
}

static struct fake_buffer *find_buffer(uint32_t handle)
{
    if (handle < 1 || handle > FAKE_HANDLES_MAX || fake.handles[handle - 1] == 0)
        return NULL;
    return &fake.buffers[fake.handles[handle - 1] - 1];
}

/* Planes that share memory share a handle. */
static void open_handles(const uint32_t buffers[4], uint32_t handles[4])
{
    for (int i = 0; i < 4; i++) {
        handles[i] = 0;
        for (int j = 0; j < i; j++)
            if (buffers[j] == buffers[i])
                handles[i] = handles[j];
        if (handles[i] == 0 && buffers[i] && !fake.unprivileged)
            handles[i] = open_handle(buffers[i]);
    }
}

static int get_framebuffer2(struct drm_mode_fb_cmd2 *get)
{
    const struct fake_framebuffer *framebuffer = fake_find_framebuffer(get->fb_id);
    if (fake.lacks_getfb2)
        return EINVAL;
    if (!framebuffer)
        return ENOENT;
    get->width = framebuffer->width;
    get->height = framebuffer->height;
    get->pixel_format = framebuffer->fourcc;
    get->flags = framebuffer->has_modifier ? DRM_MODE_FB_MODIFIERS : 0;
    memcpy(get->pitches, framebuffer->pitches, sizeof get->pitches);
    memcpy(get->offsets, framebuffer->offsets, sizeof get->offsets);
    for (int i = 0; i < 4; i++) /* rubbish, where the flag is not set */
        get->modifier[i] = framebuffer->has_modifier ? framebuffer->modifier : 0x0123456789abcdef;
    open_handles(framebuffer->handles, get->handles);
    return 0;
}

static int get_framebuffer(struct drm_mode_fb_cmd *get)
{
    const struct fake_framebuffer *framebuffer = fake_find_framebuffer(get->fb_id);
    if (!framebuffer)
        return ENOENT;
    get->width = framebuffer->width;
    get->height = framebuffer->height;
    get->pitch = framebuffer->pitches[0];
    get->bpp = framebuffer->bits;
    get->depth = framebuffer->depth;
    get->handle = fake.unprivileged || !framebuffer->handles[0] ? 0 : open_handle(framebuffer->handles[0]);
    return 0;
}

static int close_handle(const struct drm_gem_close *close)
{
    if (!find_buffer(close->handle)) {
        fake.wrong_closes++;
        return EINVAL;
    }
    fake.handles[close->handle - 1] = 0;
    return 0;
}

static int export_handle(struct drm_prime_handle *prime)
{
    const struct fake_buffer *buffer = find_buffer(prime->handle);
    if (fake.lacks_prime)
        return ENOSYS;
    if (!buffer)
        return ENOENT;
    prime->fd = fcntl(buffer->memory, F_DUPFD_CLOEXEC, 3);
    return prime->fd < 0 ? errno : 0;
}

/* All of a dumb buffer is in the card's file, and other buffers beside it. */
static int map_dumb(struct drm_mode_map_dumb *map)
{
    const struct fake_buffer *buffer = find_buffer(map->handle);
    if (fake.lacks_dumb)
        return ENOSYS;
    if (!buffer)
        return ENOENT;
    map->offset = (uint64_t)(buffer - fake.buffers) * FAKE_DUMB_SIZE;
    if (buffer->size > FAKE_DUMB_SIZE ||
        pwrite(fake.card, buffer->bytes, buffer->size, (off_t)map->offset) != (ssize_t)buffer->size)
        abort();
    return 0;
}

/* ---- all of them ---- */

int fake_answer(unsigned long request, void *argument)
{
    switch (request) {
    case DRM_IOCTL_VERSION:
        return get_version(argument);
    case DRM_IOCTL_SET_CLIENT_CAP:
        return set_capability(argument);
    case DRM_IOCTL_MODE_GETRESOURCES:
        return get_resources(argument);
    case DRM_IOCTL_MODE_GETPLANERESOURCES:
        return get_planes(argument);
    case DRM_IOCTL_MODE_GETPLANE:
        return get_plane(argument);
    case DRM_IOCTL_MODE_GETCRTC:
        return get_crtc(argument);
    case DRM_IOCTL_MODE_GETENCODER:
        return get_encoder(argument);
    case DRM_IOCTL_MODE_GETCONNECTOR:
        return get_connector(argument);
    case DRM_IOCTL_MODE_OBJ_GETPROPERTIES:
        return get_properties(argument);
    case DRM_IOCTL_MODE_GETPROPERTY:
        return get_property(argument);
    case DRM_IOCTL_MODE_GETPROPBLOB:
        return get_blob(argument);
    case DRM_IOCTL_MODE_GETGAMMA:
        return get_gamma(argument);
    case DRM_IOCTL_MODE_GETFB2:
        return get_framebuffer2(argument);
    case DRM_IOCTL_MODE_GETFB:
        return get_framebuffer(argument);
    case DRM_IOCTL_GEM_CLOSE:
        return close_handle(argument);
    case DRM_IOCTL_PRIME_HANDLE_TO_FD:
        return export_handle(argument);
    case DRM_IOCTL_MODE_MAP_DUMB:
        return map_dumb(argument);
    default:
        return ENOTTY;
    }
}
