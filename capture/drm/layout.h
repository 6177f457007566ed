/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lays out the outputs of all cards in a row, and chooses those that a picture is of. Memory in, values out. */
#ifndef CAPTURE_DRM_LAYOUT_H
#define CAPTURE_DRM_LAYOUT_H

#include "capture/capture.h"
#include "capture/drm/state.h"

/* Neighbouring outputs, and the rectangle that they fill. */
struct drm_layout {
    const struct drm_output *outputs; /* borrowed */
    size_t count;
    struct rect area;
};

/* Sorts them, the passed-through cards' first, then by number and name, and places them from left to right. Clones, which
   one CRTC drives, and mirrors have the same place. */
void drm_layout_place(struct drm_output *outputs, size_t count);

/* Returns the first output among them that is driven by the same CRTC, or NULL. */
const struct drm_output *drm_layout_clone(const struct drm_output *outputs, size_t count,
                                          const struct drm_output *output);

/* The same, or that shows the very same. */
const struct drm_output *drm_layout_twin(const struct drm_output *outputs, size_t count,
                                         const struct drm_output *output);

/* Chooses what options->source and options->output ask for, of placed outputs, of which there is at least one.
   ERR_NOT_FOUND, ERR_INVALID for a name that several have, ERR_LIMIT. */
int drm_layout_choose(const struct drm_output *outputs, size_t count, const struct capture_options *options,
                      struct drm_layout *layout, struct error *err);

#endif
