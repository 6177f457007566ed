/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A framebuffer's pixels, copied out of the card. */
#ifndef CAPTURE_DRM_FRAME_H
#define CAPTURE_DRM_FRAME_H

#include "picture/compose.h"
#include "capture/drm/framebuffer.h"

/* Copies what the layer shows of the framebuffer, in rows, into layer->frame (whose encoding is left as it is). The caller
   frees what memory[] holds, also after a failure. */
int drm_frame_read(const struct drm_card *card, struct drm_framebuffer *framebuffer, struct layer *layer,
                   uint8_t *memory[FORMAT_PLANES_MAX], struct error *err);

#endif
