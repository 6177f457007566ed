/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virtio-gpu with 3D: what was drawn there lies in the host's memory, and the guest's pages of it were never written. */
#ifndef CAPTURE_DRM_VIRTGPU_H
#define CAPTURE_DRM_VIRTGPU_H

#include "capture/drm/card.h"

/* Whether the bytes read of a buffer are not its pixels. A buffer that a program draws by itself looks the same to the
   kernel as one that the host draws; so where the card has 3D, one of zeros alone is not believed, nor is one in the
   host's memory. */
bool drm_virgl_is_elsewhere(const struct drm_card *card, uint32_t handle, const uint8_t *bytes, size_t len);

#endif
