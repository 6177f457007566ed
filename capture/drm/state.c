/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm/state.h"

#include "capture/drm/object.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LUT_ENTRIES_MAX 65536

/* ---- outputs ---- */

/* Later than the headers of some systems: the kernel's drm_mode.h. */
#define CONNECTOR_USB 20

static const char *connector_type_name(uint32_t type)
{
    const char *name = drmModeGetConnectorTypeName(type);
    return name ? name : type == CONNECTOR_USB ? "USB" : "Unknown";
}

static uint32_t encoder_crtc(const struct drm_card *card, uint32_t encoder)
{
    drmModeEncoder *get = encoder ? DRM_CALL(card, "MODE_GETENCODER", drmModeGetEncoder(card->fd, encoder)) : NULL;
    uint32_t crtc = get ? get->crtc_id : 0;
    drmModeFreeEncoder(get);
    return crtc;
}

/* Returns the CRTC that drives it. Compositors that use the atomic interface leave the legacy encoder unset. */
static uint32_t connector_crtc(const struct drm_card *card, const drmModeConnector *connector,
                               const drmModeObjectProperties *properties)
{
    uint64_t crtc;
    if (drm_property_get(card, properties, "CRTC_ID", &crtc))
        return (uint32_t)crtc;
    return encoder_crtc(card, connector->encoder_id);
}

/* Reads the EOTF in a struct hdr_output_metadata: behind its kind there are the bytes of an infoframe. */
static unsigned connector_hdr(const struct drm_card *card, const drmModeObjectProperties *properties)
{
    uint64_t blob = 0;
    size_t len = 0;
    uint8_t *bytes =
        drm_property_get(card, properties, "HDR_OUTPUT_METADATA", &blob) ? drm_blob_read(card, blob, &len) : NULL;
    unsigned eotf = len > 4 ? bytes[4] : 0;
    free(bytes);
    return eotf;
}

static bool read_mode(const struct drm_card *card, uint32_t crtc, drmModeCrtc *out)
{
    drmModeCrtc *get = crtc ? DRM_CALL(card, "MODE_GETCRTC", drmModeGetCrtc(card->fd, crtc)) : NULL;
    bool valid = get && get->mode_valid;
    if (valid)
        *out = *get;
    drmModeFreeCrtc(get);
    return valid;
}

/* Reads what the kernel knows of the connector: drmModeGetConnectorCurrent() does not probe it. */
static bool read_connector(const struct drm_card *card, uint32_t connector, struct drm_output *output)
{
    drmModeConnector *get = DRM_CALL(card, "MODE_GETCONNECTOR", drmModeGetConnectorCurrent(card->fd, connector));
    drmModeCrtc crtc;
    if (!get)
        return false;
    const drmModeObjectProperties properties = {
        .count_props = (uint32_t)get->count_props, .props = get->props, .prop_values = get->prop_values};
    *output = (struct drm_output){
        .card = card, .crtc = connector_crtc(card, get, &properties), .hdr = connector_hdr(card, &properties)};
    snprintf(output->name, sizeof output->name, "card%u-%s-%u", card->number, connector_type_name(get->connector_type),
             get->connector_type_id);
    drmModeFreeConnector(get);
    if (read_mode(card, output->crtc, &crtc)) {
        output->width = crtc.mode.hdisplay;
        output->height = crtc.mode.vdisplay;
        output->refresh = crtc.mode.vrefresh;
    }
    return true;
}

int drm_outputs_read(const struct drm_card *card, struct drm_output outputs[DRM_OUTPUTS_MAX], size_t *count,
                     struct error *err)
{
    struct drm_objects objects;
    int status = drm_objects_read(card, &objects, err);
    for (uint32_t i = 0; status == 0 && i < objects.connector_count && *count < DRM_OUTPUTS_MAX; i++)
        if (read_connector(card, objects.connectors[i], &outputs[*count]))
            ++*count;
    return status;
}

/* ---- planes ---- */

static void read_plane_properties(const struct drm_card *card, uint32_t id, struct drm_plane *plane)
{
#define X(symbol, name, absent) {name, absent},
    static const struct {
        const char *name;
        uint64_t absent;
    } known[PLANE_PROPERTY_COUNT] = {DRM_PLANE_PROPERTIES(X)};
#undef X
    drmModeObjectProperties *properties = drm_properties_read(card, id, DRM_MODE_OBJECT_PLANE);
    plane->id = id;
    for (size_t i = 0; i < PLANE_PROPERTY_COUNT; i++)
        if (!drm_property_get(card, properties, known[i].name, &plane->values[i]))
            plane->values[i] = known[i].absent;
    drmModeFreeObjectProperties(properties);
}

static enum layer_kind plane_kind(const struct drm_card *card, const struct drm_plane *plane)
{
    const char *name = drm_property_value_name(card, "type", plane->values[PLANE_TYPE]);
    if (strcmp(name, "Cursor") == 0)
        return LAYER_CURSOR;
    return strcmp(name, "Overlay") == 0 ? LAYER_OVERLAY : LAYER_PRIMARY;
}

/* Places a primary plane over the whole screen. A driver without atomic state tells which framebuffer a plane has, not
   where it is. */
static bool place_primary(const struct drm_card *card, const drmModePlane *get, const drmModeCrtc *crtc,
                          struct drm_plane *plane)
{
    uint64_t *values = plane->values;
    if (plane_kind(card, plane) != LAYER_PRIMARY)
        return false;
    values[PLANE_CRTC_ID] = get->crtc_id;
    values[PLANE_FB_ID] = get->fb_id;
    values[PLANE_CRTC_W] = crtc->mode.hdisplay;
    values[PLANE_CRTC_H] = crtc->mode.vdisplay;
    values[PLANE_SRC_X] = (uint64_t)crtc->x << 16;
    values[PLANE_SRC_Y] = (uint64_t)crtc->y << 16;
    values[PLANE_SRC_W] = (uint64_t)crtc->mode.hdisplay << 16;
    values[PLANE_SRC_H] = (uint64_t)crtc->mode.vdisplay << 16;
    return true;
}

static int state_add_plane(const struct drm_card *card, const drmModePlane *get, const drmModeCrtc *crtc,
                           struct drm_state *state, struct error *err)
{
    struct drm_plane plane;
    if (get->crtc_id != crtc->crtc_id || get->fb_id == 0)
        return 0;
    read_plane_properties(card, get->plane_id, &plane);
    if (!card->atomic && !place_primary(card, get, crtc, &plane)) {
        state->cursor_unknown = true;
        return 0;
    }
    /* It changed between the two calls; the comparison afterwards will see that. */
    if (plane.values[PLANE_CRTC_ID] != crtc->crtc_id || plane.values[PLANE_FB_ID] == 0)
        return 0;
    if (state->plane_count == DRM_PLANES_MAX)
        return error_set(err, ERR_LIMIT, "card%u: a CRTC shows more than %d planes", card->number, DRM_PLANES_MAX);
    state->planes[state->plane_count++] = plane;
    return 0;
}

static int state_read_plane(const struct drm_card *card, uint32_t id, const drmModeCrtc *crtc, struct drm_state *state,
                            struct error *err)
{
    drmModePlane *get = DRM_CALL(card, "MODE_GETPLANE", drmModeGetPlane(card->fd, id));
    int status = get ? state_add_plane(card, get, crtc, state, err) : 0;
    drmModeFreePlane(get);
    return status;
}

/* ---- colors ---- */

static void read_gamma_table(const struct drm_card *card, uint64_t blob, struct drm_state *state)
{
    size_t len = 0;
    uint8_t *bytes = drm_blob_read(card, blob, &len);
    size_t count = len / sizeof(struct drm_color_lut);
    bool zero = count > 0;
    state->has_palette = count == 256;
    for (size_t i = 0; bytes && i < count && count <= LUT_ENTRIES_MAX; i++) {
        struct drm_color_lut entry;
        memcpy(&entry, bytes + i * sizeof entry, sizeof entry);
        zero &= !entry.red && !entry.green && !entry.blue;
        if (state->has_palette)
            state->palette[i] = (struct color){entry.red, entry.green, entry.blue, 0xffff};
    }
    state->gamma = count == 0 ? DRM_LUT_NONE : zero ? DRM_LUT_ZERO : DRM_LUT_SET;
    free(bytes);
}

/* Reads the table that was set through the legacy ioctl, which drivers keep apart from the properties. */
static void read_legacy_palette(const struct drm_card *card, uint32_t crtc, struct drm_state *state)
{
    uint16_t red[256], green[256], blue[256];
    if (DRM_CALL(card, "MODE_GETGAMMA", drmModeCrtcGetGamma(card->fd, crtc, 256, red, green, blue)) < 0)
        return;
    for (int i = 0; i < 256; i++)
        state->palette[i] = (struct color){red[i], green[i], blue[i], 0xffff};
    state->has_palette = true;
}

static void read_crtc_colors(const struct drm_card *card, uint32_t crtc, const drmModeObjectProperties *properties,
                             struct drm_state *state)
{
    uint64_t value = 0;
    if (drm_property_get(card, properties, "GAMMA_LUT", &value))
        read_gamma_table(card, value, state);
    if (!state->has_palette)
        read_legacy_palette(card, crtc, state);
}

/* ---- a CRTC ---- */

/* Returns whether it is on. */
static bool read_crtc_properties(const struct drm_card *card, uint32_t crtc, struct drm_state *state)
{
    uint64_t active = 1, varies = 0;
    drmModeObjectProperties *properties = drm_properties_read(card, crtc, DRM_MODE_OBJECT_CRTC);
    drm_property_get(card, properties, "ACTIVE", &active);
    drm_property_get(card, properties, "VRR_ENABLED", &varies);
    state->varies = varies != 0;
    if (active)
        read_crtc_colors(card, crtc, properties, state);
    drmModeFreeObjectProperties(properties);
    return active;
}

int drm_state_read(const struct drm_card *card, uint32_t crtc, struct drm_state *state, struct error *err)
{
    drmModeCrtc get;
    struct drm_objects objects;
    memset(state, 0, sizeof *state);
    int status = drm_objects_read(card, &objects, err);
    if (status < 0)
        return status;
    state->active = read_mode(card, crtc, &get) && read_crtc_properties(card, crtc, state);
    if (!state->active)
        return 0;
    state->width = get.mode.hdisplay;
    state->height = get.mode.vdisplay;
    for (uint32_t i = 0; i < objects.plane_count && status == 0; i++)
        status = state_read_plane(card, objects.planes[i], &get, state, err);
    return status;
}

bool drm_state_is_same(const struct drm_state *a, const struct drm_state *b)
{
    return a->active == b->active && a->width == b->width && a->height == b->height && a->gamma == b->gamma &&
           a->plane_count == b->plane_count && memcmp(a->planes, b->planes, a->plane_count * sizeof *a->planes) == 0;
}

/* ---- mirrors ---- */

/* Returns the one plane, cursors apart, or NULL when there are more or none. */
static const struct drm_plane *only_plane(const struct drm_card *card, const struct drm_state *state)
{
    const struct drm_plane *only = NULL;
    for (size_t i = 0; i < state->plane_count; i++) {
        if (plane_kind(card, &state->planes[i]) == LAYER_CURSOR)
            continue;
        if (only)
            return NULL;
        only = &state->planes[i];
    }
    return only;
}

static bool is_mirror(const struct drm_output *a, const struct drm_output *b)
{
    struct drm_state one, other;
    struct error err;
    size_t first = PLANE_FB_ID, count = PLANE_ROTATION + 1 - first;
    if (a->card != b->card || a->crtc == b->crtc || a->width != b->width || a->height != b->height ||
        drm_state_read(a->card, a->crtc, &one, &err) < 0 || drm_state_read(b->card, b->crtc, &other, &err) < 0)
        return false;
    const struct drm_plane *left = only_plane(a->card, &one), *right = only_plane(b->card, &other);
    return left && right && memcmp(left->values + first, right->values + first, count * sizeof *left->values) == 0;
}

void drm_outputs_find_mirrors(struct drm_output *outputs, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i && !outputs[i].mirrored; j++)
            if (!outputs[j].mirrored && is_mirror(&outputs[j], &outputs[i]))
                outputs[i].mirrored = outputs[j].crtc;
}

/* ---- all color tables ---- */

static void read_color_table(const struct drm_card *card, uint64_t blob, struct color_table *table)
{
    size_t len = 0;
    uint8_t *bytes = drm_blob_read(card, blob, &len);
    if (bytes)
        color_table_read(table, bytes, len);
    free(bytes);
}

void drm_state_read_colors(const struct drm_card *card, uint32_t crtc, struct colors *colors)
{
    uint64_t blob;
    size_t len = 0;
    *colors = (struct colors){0};
    drmModeObjectProperties *properties = drm_properties_read(card, crtc, DRM_MODE_OBJECT_CRTC);
    if (drm_property_get(card, properties, "DEGAMMA_LUT", &blob))
        read_color_table(card, blob, &colors->degamma);
    if (drm_property_get(card, properties, "GAMMA_LUT", &blob))
        read_color_table(card, blob, &colors->gamma);
    uint8_t *bytes = drm_property_get(card, properties, "CTM", &blob) ? drm_blob_read(card, blob, &len) : NULL;
    if (bytes)
        colors_read_matrix(colors, bytes, len);
    free(bytes);
    drmModeFreeObjectProperties(properties);
}

/* ---- from properties to a layer ---- */

static enum blend blend_mode(const struct drm_card *card, uint64_t value)
{
    const char *name = drm_property_value_name(card, "pixel blend mode", value);
    if (strcmp(name, "Coverage") == 0)
        return BLEND_COVERAGE;
    return strcmp(name, "None") == 0 ? BLEND_NONE : BLEND_PREMULTIPLIED;
}

/* Sets encoding and range; BT.601 with limited range where the plane does not tell. */
static void set_yuv(const struct drm_card *card, const struct drm_plane *plane, struct frame *frame)
{
    const char *encoding = drm_property_value_name(card, "COLOR_ENCODING", plane->values[PLANE_ENCODING]);
    const char *range = drm_property_value_name(card, "COLOR_RANGE", plane->values[PLANE_RANGE]);
    frame->encoding = YUV_BT601;
    if (strstr(encoding, "709"))
        frame->encoding = YUV_BT709;
    else if (strstr(encoding, "2020"))
        frame->encoding = YUV_BT2020;
    frame->full_range = strstr(range, "full") != NULL;
}

void drm_plane_layer(const struct drm_card *card, const struct drm_plane *plane, struct layer *layer)
{
    const uint64_t *values = plane->values;
    *layer = (struct layer){
        .src_x = (uint32_t)values[PLANE_SRC_X],
        .src_y = (uint32_t)values[PLANE_SRC_Y],
        .src_width = (uint32_t)values[PLANE_SRC_W],
        .src_height = (uint32_t)values[PLANE_SRC_H],
        .x = (int32_t)(int64_t)values[PLANE_CRTC_X],
        .y = (int32_t)(int64_t)values[PLANE_CRTC_Y],
        .width = (uint32_t)values[PLANE_CRTC_W],
        .height = (uint32_t)values[PLANE_CRTC_H],
        .rotation = (unsigned)values[PLANE_ROTATION],
        .blend = blend_mode(card, values[PLANE_BLEND]),
        .alpha = (uint16_t)values[PLANE_ALPHA],
        .kind = plane_kind(card, plane),
        .has_zpos = values[PLANE_ZPOS] != UINT64_MAX,
        .zpos = values[PLANE_ZPOS],
        .id = (uint32_t)plane->id,
    };
    set_yuv(card, plane, &layer->frame);
}
