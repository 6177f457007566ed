/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps a buffer of a card for reading. */
#ifndef CAPTURE_DRM_MAP_H
#define CAPTURE_DRM_MAP_H

#include "capture/drm/card.h"

struct drm_mapping {
    const uint8_t *bytes; /* owned: the mapping */
    size_t size;
    int dmabuf; /* owned; -1: mapped through the card */
};

/* Maps its first `size` bytes, if it has as many: as a dma-buf, else as a dumb buffer. */
int drm_map(const struct drm_card *card, uint32_t handle, uint64_t size, struct drm_mapping *out, struct error *err);
void drm_unmap(struct drm_mapping *mapping);

#endif
