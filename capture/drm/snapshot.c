/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm/snapshot.h"

#include "picture/crc.h"
#include "picture/detile.h"
#include "capture/drm/frame.h"
#include "platform/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ATTEMPTS_MAX 8

/* All that is read of one state of the planes. */
struct attempt {
    struct drm_state before, after;
    struct layer layers[DRM_PLANES_MAX];
    struct drm_framebuffer framebuffers[DRM_PLANES_MAX];
    uint8_t *memory[DRM_PLANES_MAX][FORMAT_PLANES_MAX]; /* owned */
    size_t count;
    size_t background_count; /* of these, what is no cursor */
    enum drm_cursor cursor;
    struct rect cursor_place;
    struct drm_pointer pointer;
    int64_t read_us;
    char cursor_reason[512]; /* why it is not available */
};

static void attempt_clear_plane(struct attempt *attempt, size_t i)
{
    for (size_t p = 0; p < FORMAT_PLANES_MAX; p++) {
        free(attempt->memory[i][p]);
        attempt->memory[i][p] = NULL;
    }
}

static void attempt_clear(struct attempt *attempt)
{
    for (size_t i = 0; i < DRM_PLANES_MAX; i++)
        attempt_clear_plane(attempt, i);
    drm_pointer_free(&attempt->pointer);
    memset(attempt, 0, sizeof *attempt);
}

/* ---- reading ---- */

static int read_pixels(const struct drm_output *output, const struct drm_plane *plane, struct attempt *attempt,
                       struct error *err)
{
    struct layer *layer = &attempt->layers[attempt->count];
    struct drm_framebuffer *framebuffer = &attempt->framebuffers[attempt->count];
    drm_plane_layer(output->card, plane, layer);
    layer->frame.palette = attempt->before.has_palette ? attempt->before.palette : NULL;
    int status = drm_framebuffer_open(output->card, (uint32_t)plane->values[PLANE_FB_ID], framebuffer, err);
    int64_t start_us = os_clock_us();
    if (status == 0)
        status = drm_frame_read(output->card, framebuffer, layer, attempt->memory[attempt->count], err);
    attempt->read_us += os_clock_us() - start_us;
    drm_framebuffer_close(output->card, framebuffer);
    if (status == 0)
        attempt->count++;
    else
        attempt_clear_plane(attempt, attempt->count); /* the next plane takes its place */
    return status;
}

/* Reads the pointer for who draws it, which leaves it out of the picture. Where that fails it is not known. */
static int read_pointer(const struct drm_output *output, const struct drm_plane *plane, struct attempt *attempt,
                        struct error *err)
{
    int status = read_pixels(output, plane, attempt, err);
    if (status)
        return status == ERR_CLOSED || status == ERR_NO_MEMORY ? status : 0;
    status = drm_pointer_read(&attempt->pointer, plane, &attempt->layers[--attempt->count], err);
    attempt_clear_plane(attempt, attempt->count);
    return status == ERR_NO_MEMORY ? status : 0;
}

/* Reads the cursor. Where that fails there is still a picture, with a warning. */
static int read_cursor(const struct drm_output *output, const struct drm_plane *plane, bool wanted,
                       struct attempt *attempt, struct error *err)
{
    const struct layer *layer = &attempt->layers[attempt->count];
    attempt->cursor = DRM_CURSOR_OFF;
    if (!wanted)
        return read_pointer(output, plane, attempt, err);
    int status = read_pixels(output, plane, attempt, err);
    if (status == ERR_NOT_FOUND || status == ERR_DENIED || status == ERR_NO_MEMORY || status == ERR_CLOSED)
        return status;
    attempt->cursor = status < 0 ? DRM_CURSOR_UNAVAILABLE : DRM_CURSOR_DRAWN;
    attempt->cursor_place = (struct rect){layer->x, layer->y, layer->width, layer->height};
    if (status < 0)
        snprintf(attempt->cursor_reason, sizeof attempt->cursor_reason, "%.500s", err->text);
    return 0;
}

static int check_state(const struct drm_output *output, const struct drm_state *state, struct error *err)
{
    if (!state->active)
        return error_set(err, ERR_UNAVAILABLE, "%s shows nothing: its CRTC is off, as of a display that sleeps",
                         output->name);
    if (state->width != output->width || state->height != output->height)
        return error_set(err, ERR_CLOSED, "%s has changed its mode", output->name);
    if (state->gamma == DRM_LUT_ZERO)
        return error_set(err, ERR_UNAVAILABLE, "%s is blanked: its gamma table is all zeros", output->name);
    return 0;
}

static int snapshot_read_planes(const struct drm_output *output, bool cursor, struct attempt *attempt,
                                struct error *err)
{
    const struct drm_state *state = &attempt->before;
    int status = 0;
    attempt->cursor = cursor ? DRM_CURSOR_ON_NO_PLANE : DRM_CURSOR_OFF_ON_NO_PLANE;
    if (cursor && (state->cursor_unknown || !output->card->atomic)) {
        attempt->cursor = DRM_CURSOR_UNAVAILABLE;
        snprintf(attempt->cursor_reason, sizeof attempt->cursor_reason, "the driver does not tell %s it is",
                 state->cursor_unknown ? "where" : "whether there is one, nor where");
    }
    for (size_t i = 0; i < state->plane_count && status == 0; i++) {
        struct layer layer;
        drm_plane_layer(output->card, &state->planes[i], &layer);
        if (layer.kind == LAYER_CURSOR) {
            status = read_cursor(output, &state->planes[i], cursor, attempt, err);
        } else {
            status = read_pixels(output, &state->planes[i], attempt, err);
            attempt->background_count++;
        }
    }
    if (status == 0 && attempt->background_count == 0)
        return error_set(err, ERR_UNAVAILABLE, "%s: its CRTC is on, but no plane of it has a framebuffer",
                         output->name);
    return status;
}

/* Reads state, pixels and state again. *same: nothing changed meanwhile, so that pixels and failures can be trusted. */
static int attempt_read(const struct drm_output *output, bool cursor, struct attempt *attempt, bool *same,
                        struct error *err)
{
    struct error ignored;
    attempt_clear(attempt);
    *same = true;
    int status = drm_state_read(output->card, output->crtc, &attempt->before, err);
    if (status == 0)
        status = check_state(output, &attempt->before, err);
    if (status < 0)
        return status;
    status = snapshot_read_planes(output, cursor, attempt, err);
    *same = drm_state_read(output->card, output->crtc, &attempt->after, &ignored) == 0 &&
            drm_state_is_same(&attempt->before, &attempt->after);
    return status;
}

static int snapshot_read(const struct drm_output *output, const struct drm_snapshot_options *options,
                         struct attempt *attempt, bool *same, struct error *err)
{
    int status = attempt_read(output, options->cursor, attempt, same, err);
    for (int i = 1; i < ATTEMPTS_MAX && !*same && os_time_left(options->deadline_ms) > 0; i++)
        status = attempt_read(output, options->cursor, attempt, same, err);
    if (status == ERR_NOT_FOUND)
        return error_set(err, ERR_UNAVAILABLE, "%s changes its framebuffers faster than they can be read",
                         output->name);
    return status;
}

/* ---- facts ---- */

static void add_plane_fact(const struct layer *layer, const struct drm_framebuffer *framebuffer, struct strlist *facts)
{
    static const char *const kinds[] = {"primary", "overlay", "cursor"};
    char fourcc[DRM_FORMAT_TEXT_SIZE], modifier[DRM_MODIFIER_TEXT_SIZE];
    drm_format_text(fourcc, framebuffer->fourcc);
    drm_modifier_text(modifier, framebuffer->modifier);
    strlist_addf(facts, "drm.plane=%u %s %ux%u%+d%+d of %s %ux%u, %s%s", layer->id, kinds[layer->kind], layer->width,
                 layer->height, layer->x, layer->y, fourcc, framebuffer->width, framebuffer->height, modifier,
                 framebuffer->by_egl ? ", read by EGL" : "");
}

static bool has_floating_point(const struct attempt *attempt)
{
    bool found = false;
    for (size_t i = 0; i < attempt->count; i++)
        found |= attempt->framebuffers[i].fourcc >> 24 == 'H'; /* XR4H and its like */
    return found;
}

/* Warns of what a display shows otherwise than the picture. */
static void add_display_warnings(const struct drm_output *output, const struct attempt *attempt, struct strlist *facts)
{
    static const char *const curves[] = {"SDR", "HDR", "PQ", "HLG"};
    if (output->hdr)
        strlist_addf(facts,
                     "warning=%s: the display shows HDR (%s), and the picture has its values without a conversion: its "
                     "colours look pale",
                     output->name, output->hdr < sizeof curves / sizeof *curves ? curves[output->hdr] : "unknown");
    if (has_floating_point(attempt))
        strlist_addf(facts,
                     "warning=%s: a framebuffer has floating-point values, of which what is brighter than white is "
                     "white in the picture",
                     output->name);
    if (attempt->before.varies)
        strlist_addf(facts, "warning=%s: its refresh rate varies (VRR): frames come less often than the mode tells",
                     output->name);
}

static void add_plane_facts(const struct drm_output *output, const struct attempt *attempt, struct strlist *facts)
{
    for (size_t i = 0; i < attempt->count; i++)
        add_plane_fact(&attempt->layers[i], &attempt->framebuffers[i], facts);
    if (attempt->cursor == DRM_CURSOR_UNAVAILABLE)
        strlist_addf(facts, "warning=%s: the cursor is missing: %s", output->name, attempt->cursor_reason);
    add_display_warnings(output, attempt, facts);
}

/* Returns whether a framebuffer has a palette, for which the gamma table is used up. */
static bool has_palette(const struct attempt *attempt)
{
    bool found = false;
    for (size_t i = 0; i < attempt->count; i++)
        found |= attempt->layers[i].frame.format->has_palette;
    return found;
}

/* Adds what is known of the CRTC's conversion, and sets *apply where the picture is to include it. */
static void add_color_facts(const struct drm_output *output, const struct attempt *attempt, const struct colors *colors,
                            bool *apply, struct strlist *facts)
{
    bool before = colors->degamma.entries != NULL, indexed = has_palette(attempt);
    bool gamma = colors->gamma.entries && !indexed;
    *apply &= (before || colors->has_matrix || gamma) && !indexed;
    if (!before && !colors->has_matrix && !gamma)
        return;
    strlist_addf(facts, "color=%s%s%s%s%s", before ? "degamma" : "", before && (colors->has_matrix || gamma) ? " " : "",
                 colors->has_matrix ? "ctm" : "", colors->has_matrix && gamma ? " " : "", gamma ? "gamma" : "");
    strlist_addf(facts, "color.applied=%d", *apply);
    if (!*apply && !indexed && colors_tint(colors))
        strlist_addf(facts,
                     "warning=%s: the display hardware tints the picture, as for the night, and what was captured is "
                     "before that (color=applied has it)",
                     output->name);
}

/* ---- composing ---- */

/* What is done with each row before it is rounded to 8 bits. */
struct finishing {
    const struct colors *colors; /* borrowed; NULL: none to apply */
    uint32_t width;
    const struct rect *crc_of; /* borrowed; NULL: none is wanted */
    uint32_t crc;
};

static void finish_row(void *context, uint32_t y, struct color *row)
{
    struct finishing *finishing = context;
    const struct rect *part = finishing->crc_of;
    if (finishing->colors)
        colors_apply(finishing->colors, row, finishing->width);
    if (part && y >= (uint32_t)part->y && y - (uint32_t)part->y < part->height)
        finishing->crc = picture_crc_add(finishing->crc, row + part->x, part->width);
}

static int snapshot_compose(const struct drm_output *output, const struct drm_snapshot_options *options,
                            struct attempt *attempt, struct compose_target *target, struct drm_snapshot *snapshot,
                            struct strlist *facts, struct error *err)
{
    struct colors colors;
    struct finishing finishing = {.width = output->width, .crc_of = options->crc_of};
    bool apply = options->colors;
    drm_state_read_colors(output->card, output->crtc, &colors);
    add_color_facts(output, attempt, &colors, &apply, facts);
    int status = !apply || colors_prepare(&colors)
                     ? 0
                     : error_set(err, ERR_NO_MEMORY, "no memory for the colour tables of %s", output->name);
    finishing.colors = apply ? &colors : NULL;
    target->finish = apply || options->crc_of ? finish_row : NULL;
    target->context = &finishing;
    compose_sort(attempt->layers, attempt->count);
    if (status == 0)
        status = compose(target, attempt->layers, attempt->count, err);
    snapshot->crc = finishing.crc;
    colors_deinit(&colors);
    return status;
}

int drm_snapshot_take(const struct drm_output *output, const struct drm_snapshot_options *options, uint8_t *rgb,
                      uint32_t stride, struct drm_snapshot *snapshot, struct strlist *facts, struct error *err)
{
    struct compose_target target = {rgb, stride, output->width, output->height, NULL, NULL};
    struct attempt *attempt = calloc(1, sizeof *attempt);
    if (!attempt)
        return error_set(err, ERR_NO_MEMORY, "no memory to read the planes of %s", output->name);
    int status = snapshot_read(output, options, attempt, &snapshot->coherent, err);
    if (status == 0) {
        add_plane_facts(output, attempt, facts);
        snapshot->cursor = attempt->cursor;
        snapshot->cursor_place = attempt->cursor_place;
        snapshot->pointer = attempt->pointer;
        attempt->pointer.rgba = NULL;
        snapshot->read_us = attempt->read_us;
        int64_t start_us = os_clock_us();
        status = snapshot_compose(output, options, attempt, &target, snapshot, facts, err);
        snapshot->compose_us = os_clock_us() - start_us;
    }
    attempt_clear(attempt);
    free(attempt);
    return status;
}
