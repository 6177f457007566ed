/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pointer of a cursor plane, as pixels of its own. */
#ifndef CAPTURE_DRM_POINTER_H
#define CAPTURE_DRM_POINTER_H

#include "capture/capture.h"
#include "capture/drm/state.h"

#define DRM_POINTER_SIDE_MAX 512 /* pixels */

struct drm_pointer {
    uint8_t *rgba;        /* owned, the alpha is not multiplied in; NULL: none is known */
    struct rect place;    /* of the shape, on the output; may lie beyond it */
    int32_t hot_x, hot_y; /* the place in the shape that points; 0 where the kernel does not tell */
};

/* Converts the shape out of the plane's layer, whose pixels were read. One that the hardware scales or turns is not known. */
int drm_pointer_read(struct drm_pointer *pointer, const struct drm_plane *plane, const struct layer *layer,
                     struct error *err);
void drm_pointer_free(struct drm_pointer *pointer); /* accepts none */

/* Returns whether it points into an output of this size. */
bool drm_pointer_is_on(const struct drm_pointer *pointer, uint32_t width, uint32_t height);
/* Takes the other one, if it is the better known: of several outputs the one that it points into counts. *is_on: of the first
   one. */
void drm_pointer_merge(struct drm_pointer *pointer, bool *is_on, struct drm_pointer *other, bool other_is_on);

#endif
