/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a framebuffer that can't be mapped, or whose layout can't be undone, by the card's own graphics driver. */
#ifndef CAPTURE_DRM_RENDER_H
#define CAPTURE_DRM_RENDER_H

#include "picture/compose.h"
#include "capture/drm/framebuffer.h"

/* Reads as drm_frame_read() does; all of the framebuffer, as 8 bits a channel. Refuses one whose modifier is not known. */
int drm_render_read(const struct drm_card *card, const struct drm_framebuffer *framebuffer, struct layer *layer,
                    uint8_t *memory[FORMAT_PLANES_MAX], struct error *err);

#endif
