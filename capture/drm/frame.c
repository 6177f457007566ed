/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm/frame.h"

#include "capture/capture.h"
#include "picture/detile.h"
#include "capture/drm/stream_copy.h"
#include "capture/drm/map.h"
#include "capture/drm/render.h"
#include "capture/drm/virtgpu.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRIDE_MAX (CAPTURE_SIZE_MAX * 16u) /* bytes: the widest pixels, with room for a driver's alignment */

/* ---- names ---- */

void drm_format_text(char text[DRM_FORMAT_TEXT_SIZE], uint32_t fourcc)
{
    char *name = drmGetFormatName(fourcc);
    snprintf(text, DRM_FORMAT_TEXT_SIZE, "%s", name ? name : "?");
    free(name);
    for (; *text; text++)
        if (!isprint((unsigned char)*text))
            *text = '?';
}

void drm_modifier_text(char text[DRM_MODIFIER_TEXT_SIZE], uint64_t modifier)
{
    char *vendor = drmGetFormatModifierVendor(modifier), *name = drmGetFormatModifierName(modifier);
    if (modifier == MODIFIER_UNKNOWN)
        snprintf(text, DRM_MODIFIER_TEXT_SIZE, "a layout that the driver does not tell");
    else if (modifier >> 56 == 0 && name)
        snprintf(text, DRM_MODIFIER_TEXT_SIZE, "%s", name);
    else if (name)
        snprintf(text, DRM_MODIFIER_TEXT_SIZE, "%s %s", vendor ? vendor : "?", name);
    else
        snprintf(text, DRM_MODIFIER_TEXT_SIZE, "%s 0x%016llx", vendor ? vendor : "unknown",
                 (unsigned long long)modifier);
    free(vendor);
    free(name);
}

/* ---- what the kernel tells ---- */

static int open_error(const struct drm_card *card, uint32_t id, int code, struct error *err)
{
    return error_set(err, code == ENOENT ? ERR_NOT_FOUND : ERR_UNAVAILABLE,
                     "card%u (%s) does not tell of its framebuffer %u: %s", card->number, card->driver, id,
                     strerror(code));
}

/* Without the flag the modifiers mean nothing, whatever they are. */
static int open_now(const struct drm_card *card, uint32_t id, struct drm_framebuffer *out)
{
    drmModeFB2 *get = DRM_CALL(card, "MODE_GETFB2", drmModeGetFB2(card->fd, id));
    if (!get)
        return errno;
    *out = (struct drm_framebuffer){
        .id = id,
        .fourcc = get->pixel_format,
        .width = get->width,
        .height = get->height,
        .modifier = get->flags & DRM_MODE_FB_MODIFIERS ? get->modifier : MODIFIER_UNKNOWN,
    };
    memcpy(out->handles, get->handles, sizeof out->handles);
    memcpy(out->strides, get->pitches, sizeof out->strides);
    memcpy(out->offsets, get->offsets, sizeof out->offsets);
    drmModeFreeFB2(get);
    return 0;
}

static uint32_t fourcc_of_depth(uint32_t bits, uint32_t depth)
{
    static const struct {
        uint32_t bits, depth, fourcc;
    } known[] = {
        {32, 24, FOURCC('X', 'R', '2', '4')}, {32, 32, FOURCC('A', 'R', '2', '4')},
        {32, 30, FOURCC('X', 'R', '3', '0')}, {24, 24, FOURCC('R', 'G', '2', '4')},
        {16, 16, FOURCC('R', 'G', '1', '6')}, {16, 15, FOURCC('X', 'R', '1', '5')},
        {8, 8, FOURCC('C', '8', ' ', ' ')},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].bits == bits && known[i].depth == depth)
            return known[i].fourcc;
    return 0;
}

/* Kernels before 5.7. */
static int open_as_of_old(const struct drm_card *card, uint32_t id, struct drm_framebuffer *out)
{
    drmModeFB *get = DRM_CALL(card, "MODE_GETFB", drmModeGetFB(card->fd, id));
    if (!get)
        return errno;
    *out = (struct drm_framebuffer){
        .id = id,
        .fourcc = fourcc_of_depth(get->bpp, get->depth),
        .width = get->width,
        .height = get->height,
        .handles = {get->handle},
        .strides = {get->pitch},
        .modifier = MODIFIER_UNKNOWN,
    };
    drmModeFreeFB(get);
    return 0;
}

int drm_framebuffer_open(const struct drm_card *card, uint32_t id, struct drm_framebuffer *out, struct error *err)
{
    *out = (struct drm_framebuffer){0}; /* no handles to close, should it fail */
    int code = open_now(card, id, out);
    if (code == EINVAL || code == ENOTTY || code == ENOSYS)
        code = open_as_of_old(card, id, out);
    if (code)
        return open_error(card, id, code, err);
    if (out->handles[0] == 0)
        return error_set(err, ERR_DENIED,
                         "the kernel does not hand out framebuffers of card%u: that takes CAP_SYS_ADMIN, as root has",
                         card->number);
    return 0;
}

void drm_framebuffer_close(const struct drm_card *card, const struct drm_framebuffer *framebuffer)
{
    const uint32_t *handles = framebuffer->handles;
    for (int i = 0; i < 4; i++) {
        bool before = false;
        for (int j = 0; j < i; j++)
            before |= handles[j] == handles[i];
        if (handles[i] && !before)
            DRM_CALL(card, "GEM_CLOSE", drmCloseBufferHandle(card->fd, handles[i]));
    }
}

/* ---- its layout ---- */

/* Drivers that know of tiles, but keep them to themselves when no modifier is told. All others have rows. */
static bool has_secret_tiles(const struct drm_card *card)
{
    static const char *const drivers[] = {"amdgpu", "radeon", "nouveau", "nvidia-drm", "i915", "xe", "msm", "vc4"};
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++)
        if (strcmp(card->driver, drivers[i]) == 0)
            return true;
    return false;
}

static unsigned pixel_size(const struct format *format)
{
    return format->planes[1].bytes || format->planes[0].width > 1 ? 0 : format->planes[0].bytes;
}

static int find_tiling(const struct drm_card *card, const struct drm_framebuffer *framebuffer,
                       const struct format *format, struct tiling *tiling, struct error *err)
{
    char name[DRM_MODIFIER_TEXT_SIZE];
    uint64_t modifier = framebuffer->modifier;
    if (modifier == MODIFIER_UNKNOWN && !has_secret_tiles(card))
        modifier = MODIFIER_LINEAR;
    if (tiling_find(tiling, modifier, pixel_size(format)))
        return 0;
    drm_modifier_text(name, modifier);
    return error_set(err, ERR_UNAVAILABLE,
                     "card%u (%s) has its picture in a layout that can't be read here: %s (modifier 0x%016llx)",
                     card->number, card->driver, name, (unsigned long long)modifier);
}

static int find_format(const struct drm_card *card, const struct drm_framebuffer *framebuffer, struct frame *frame,
                       struct error *err)
{
    char text[DRM_FORMAT_TEXT_SIZE];
    frame->format = format_find(framebuffer->fourcc);
    frame->width = framebuffer->width;
    frame->height = framebuffer->height;
    drm_format_text(text, framebuffer->fourcc);
    if (!frame->format)
        return error_set(err, ERR_UNAVAILABLE, "card%u (%s) shows pixels of a format that can't be read here: %s",
                         card->number, card->driver, text);
    if (frame->width < 1 || frame->width > CAPTURE_SIZE_MAX || frame->height < 1 || frame->height > CAPTURE_SIZE_MAX)
        return error_set(err, ERR_LIMIT, "card%u shows a framebuffer of %ux%u pixels, beyond the %d that are read",
                         card->number, frame->width, frame->height, CAPTURE_SIZE_MAX);
    if (frame->format->has_palette && !frame->palette)
        return error_set(err, ERR_UNAVAILABLE, "card%u (%s) does not tell the palette of its %s framebuffer",
                         card->number, card->driver, text);
    return 0;
}

/* A multiple of both, one of which is a power of two and the other 1 or 2. */
static uint32_t row_unit(const struct tiling *tiling, const struct format *format)
{
    uint32_t tall = format->planes[1].bytes ? format->planes[1].height : 1;
    return tiling->height * tall;
}

/* The rows that the layer shows, from `first` on: whole rows of tiles, and of chroma. */
static uint32_t wanted_rows(const struct layer *layer, uint32_t unit, uint32_t *first)
{
    uint64_t last = ((uint64_t)layer->src_y + layer->src_height + 0xffff) >> 16;
    uint32_t top = layer->src_y >> 16, height = layer->frame.height;
    if (top >= height)
        top = height - 1;
    if (last <= top)
        last = top + 1;
    if (last > height)
        last = height;
    *first = top / unit * unit;
    return (uint32_t)last - *first;
}

static int find_extent(const struct drm_card *card, const struct drm_framebuffer *framebuffer,
                       const struct layer *layer, const struct tiling *tiling, unsigned plane, uint32_t rows,
                       struct drm_extent *out, struct error *err)
{
    const struct format *format = layer->frame.format;
    uint32_t stride = framebuffer->strides[plane], first = layer->frame.first_row / format->planes[plane].height;
    uint64_t row_bytes = format_row_bytes(format, plane, layer->frame.width);
    if (stride < row_bytes || stride > STRIDE_MAX || stride % tiling->width)
        return error_set(err, ERR_UNAVAILABLE, "card%u (%s) tells of impossible rows: %u bytes for %u pixels of %llu",
                         card->number, card->driver, stride, layer->frame.width, (unsigned long long)row_bytes);
    out->rows = format_rows(format, plane, rows);
    out->start = framebuffer->offsets[plane] + (uint64_t)first * stride;
    out->size =
        tiling->width == 1 ? (uint64_t)stride * (out->rows - 1) + row_bytes : tiling_size(tiling, stride, out->rows);
    return 0;
}

/* ---- its bytes ---- */

/* From the card's memory, once, as it may be slow. It is mapped first: what the framebuffer says of its size is believed
   only as far as there is memory behind it. */
static uint8_t *copy_out(const struct drm_card *card, uint32_t handle, const struct drm_extent *extent,
                         struct error *err)
{
    struct drm_mapping mapping;
    if (drm_map(card, handle, extent->start + extent->size, &mapping, err) < 0)
        return NULL;
    uint8_t *bytes = malloc((size_t)extent->size);
    if (bytes)
        drm_copy(bytes, mapping.bytes + extent->start, (size_t)extent->size);
    else
        error_set(err, ERR_NO_MEMORY, "no memory for %llu bytes of a framebuffer", (unsigned long long)extent->size);
    drm_unmap(&mapping);
    if (!bytes || !drm_virgl_is_elsewhere(card, handle, bytes, (size_t)extent->size))
        return bytes;
    free(bytes);
    error_set(err, ERR_UNAVAILABLE,
              "card%u (%s) has 3D, and the picture is in the host's memory, the guest's does not hold it (virgl)",
              card->number, card->driver);
    return NULL;
}

/* Replaces tiles by rows. */
static uint8_t *put_in_rows(uint8_t *tiled, const struct tiling *tiling, uint32_t stride, uint32_t row_bytes,
                            uint32_t rows, struct error *err)
{
    uint8_t *linear = malloc((size_t)row_bytes * rows);
    if (linear)
        detile(tiling, tiled, stride, linear, row_bytes, row_bytes, rows);
    else
        error_set(err, ERR_NO_MEMORY, "no memory for %u rows of %u bytes", rows, row_bytes);
    free(tiled);
    return linear;
}

static int read_plane(const struct drm_card *card, const struct drm_framebuffer *framebuffer, struct layer *layer,
                      const struct tiling *tiling, unsigned plane, uint32_t rows, uint8_t **memory, struct error *err)
{
    struct drm_extent extent = {0};
    struct frame *frame = &layer->frame;
    uint32_t stride = framebuffer->strides[plane];
    uint32_t handle = framebuffer->handles[plane] ? framebuffer->handles[plane] : framebuffer->handles[0];
    int status = find_extent(card, framebuffer, layer, tiling, plane, rows, &extent, err);
    if (status < 0)
        return status;
    *memory = copy_out(card, handle, &extent, err);
    if (*memory && tiling->width > 1) {
        uint32_t row_bytes = (uint32_t)format_row_bytes(frame->format, plane, frame->width);
        *memory = put_in_rows(*memory, tiling, stride, row_bytes, extent.rows, err);
        stride = row_bytes;
    }
    frame->data[plane] = *memory;
    frame->stride[plane] = stride;
    return *memory ? 0 : err->status;
}

static int read_mapped(const struct drm_card *card, const struct drm_framebuffer *framebuffer, struct layer *layer,
                       uint8_t *memory[FORMAT_PLANES_MAX], struct error *err)
{
    struct tiling tiling;
    int status = find_format(card, framebuffer, &layer->frame, err);
    if (status == 0)
        status = find_tiling(card, framebuffer, layer->frame.format, &tiling, err);
    if (status < 0)
        return status;
    uint32_t rows = wanted_rows(layer, row_unit(&tiling, layer->frame.format), &layer->frame.first_row);
    for (unsigned i = 0; i < format_plane_count(layer->frame.format) && status == 0; i++)
        status = read_plane(card, framebuffer, layer, &tiling, i, rows, &memory[i], err);
    return status;
}

int drm_frame_read(const struct drm_card *card, struct drm_framebuffer *framebuffer, struct layer *layer,
                   uint8_t *memory[FORMAT_PLANES_MAX], struct error *err)
{
    struct error reason, more = {0};
    int status = read_mapped(card, framebuffer, layer, memory, &reason);
    if (status == ERR_UNAVAILABLE) {
        for (int i = 0; i < FORMAT_PLANES_MAX; i++) {
            free(memory[i]);
            memory[i] = NULL;
        }
        framebuffer->by_egl = drm_render_read(card, framebuffer, layer, memory, &more) == 0;
    }
    if (status == 0 || framebuffer->by_egl)
        return 0;
    return error_set(err, status, "%s%s%s", reason.text, *more.text ? "; by EGL: " : "", more.text);
}
