/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm/pointer.h"

#include <stdlib.h>

/* Returns a channel without the alpha that is multiplied in. */
static uint8_t channel_alone(uint16_t value, uint16_t alpha, enum blend blend)
{
    if (blend != BLEND_PREMULTIPLIED || alpha == 0xffff)
        return color_to_8_bits(value);
    uint32_t alone = alpha ? ((uint32_t)value * 0xffff + alpha / 2) / alpha : 0;
    return color_to_8_bits((uint16_t)(alone > 0xffff ? 0xffff : alone));
}

static void drm_pointer_pixel(uint8_t rgba[4], struct color color, const struct layer *layer)
{
    uint16_t alpha = layer->blend == BLEND_NONE ? 0xffff : color.alpha;
    rgba[0] = channel_alone(color.red, alpha, layer->blend);
    rgba[1] = channel_alone(color.green, alpha, layer->blend);
    rgba[2] = channel_alone(color.blue, alpha, layer->blend);
    rgba[3] = color_to_8_bits((uint16_t)(((uint32_t)alpha * layer->alpha + 0x7fff) / 0xffff));
}

/* Returns whether the layer shows pixels of its frame one to one. */
static bool is_one_to_one(const struct layer *layer)
{
    const struct frame *frame = &layer->frame;
    uint32_t left = layer->src_x >> 16, top = layer->src_y >> 16;
    return (layer->rotation == 0 || layer->rotation == ROTATE_0) && layer->src_width >> 16 == layer->width &&
           layer->src_height >> 16 == layer->height && layer->width > 0 && layer->width <= DRM_POINTER_SIDE_MAX &&
           layer->height > 0 && layer->height <= DRM_POINTER_SIDE_MAX && left + layer->width <= frame->width &&
           top + layer->height <= frame->height && top >= frame->first_row;
}

int drm_pointer_read(struct drm_pointer *pointer, const struct drm_plane *plane, const struct layer *layer,
                     struct error *err)
{
    const struct frame *frame = &layer->frame;
    if (!is_one_to_one(layer))
        return error_set(err, ERR_UNAVAILABLE, "the cursor plane is scaled, turned, or too large");
    uint8_t *to = pointer->rgba = malloc((size_t)layer->width * layer->height * 4);
    if (!to)
        return error_set(err, ERR_NO_MEMORY, "no memory for the pointer's shape");
    for (uint32_t y = 0; y < layer->height; y++)
        for (uint32_t x = 0; x < layer->width; x++, to += 4)
            drm_pointer_pixel(to, frame->format->read(frame, (layer->src_x >> 16) + x, (layer->src_y >> 16) + y),
                              layer);
    pointer->place = (struct rect){layer->x, layer->y, layer->width, layer->height};
    pointer->hot_x = (int32_t)(int64_t)plane->values[PLANE_HOT_X];
    pointer->hot_y = (int32_t)(int64_t)plane->values[PLANE_HOT_Y];
    return 0;
}

void drm_pointer_free(struct drm_pointer *pointer)
{
    free(pointer->rgba);
    pointer->rgba = NULL;
}

bool drm_pointer_is_on(const struct drm_pointer *pointer, uint32_t width, uint32_t height)
{
    int64_t x = (int64_t)pointer->place.x + pointer->hot_x, y = (int64_t)pointer->place.y + pointer->hot_y;
    return pointer->rgba && x >= 0 && x < width && y >= 0 && y < height;
}

void drm_pointer_merge(struct drm_pointer *pointer, bool *is_on, struct drm_pointer *other, bool other_is_on)
{
    if (!other->rgba || (pointer->rgba && (*is_on || !other_is_on))) {
        drm_pointer_free(other);
        return;
    }
    drm_pointer_free(pointer);
    *pointer = *other;
    *is_on = other_is_on;
}
