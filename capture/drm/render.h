/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a framebuffer that can't be mapped, or whose layout can't be undone, by the card's own graphics driver. */
#ifndef CAPTURE_DRM_RENDER_H
#define CAPTURE_DRM_RENDER_H

#include "picture/compose.h"
#include "capture/drm/framebuffer.h"

/* Returns whether a test is to show that this works where there is no such hardware: each framebuffer is read so, and a
   renderer in software, which takes each for rows, is as good. PERISCOPED_TEST_EGL=software in the environment. */
bool drm_render_is_tested(void);

/* Reads as drm_frame_read() does; all of the framebuffer, as 8 bits a channel. Without a modifier the card's own driver
   knows the layout, as of the drivers of old. */
int drm_render_read(const struct drm_card *card, const struct drm_framebuffer *framebuffer, struct layer *layer,
                    uint8_t *memory[FORMAT_PLANES_MAX], struct error *err);

#endif
