/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads what the kernel tells of a framebuffer, and names it in words. */
#ifndef CAPTURE_DRM_FRAMEBUFFER_H
#define CAPTURE_DRM_FRAMEBUFFER_H

#include "capture/drm/card.h"

/* From either of the kernel's two interfaces, GETFB2 and GETFB. None of it is trusted. */
struct drm_framebuffer {
    uint32_t id, fourcc, width, height;
    uint32_t handles[4], strides[4], offsets[4];
    uint64_t modifier;
    bool by_egl; /* set by drm_frame_read: the card's own driver had to read it */
};

/* Write the names that libdrm has for them: "XR24", "INTEL Y_TILED". Where it has none, the modifier's vendor stands with
   its number. Characters that can't be printed are '?'. */
#define DRM_FORMAT_TEXT_SIZE 8
#define DRM_MODIFIER_TEXT_SIZE 128
void drm_format_text(char text[DRM_FORMAT_TEXT_SIZE], uint32_t fourcc);
void drm_modifier_text(char text[DRM_MODIFIER_TEXT_SIZE], uint64_t modifier);

/* Gets handles of its memory. ERR_NOT_FOUND: it is gone, since the planes have changed meanwhile. ERR_DENIED: no
   privilege. ERR_CLOSED: the card is gone. */
int drm_framebuffer_open(const struct drm_card *card, uint32_t id, struct drm_framebuffer *out, struct error *err);
/* Closes each of its handles once; after a failure of drm_framebuffer_open there are none. */
void drm_framebuffer_close(const struct drm_card *card, const struct drm_framebuffer *framebuffer);

#endif
