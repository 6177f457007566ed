/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm/virtgpu.h"

#include <string.h>
#include <virtgpu_drm.h>

#define BLOB_MEM_HOST3D 2 /* VIRTGPU_BLOB_MEM_HOST3D, which the headers of some systems are too old for */

/* struct drm_virtgpu_resource_info of the kernel's virtgpu_drm.h. Its last word was the stride until Linux 5.11, and is the
   kind of memory since then, 0 for what has the guest's pages; headers before Linux 6.17 still call it `stride`. */
struct resource_info {
    uint32_t bo_handle, res_handle, size, blob_mem;
};
#define RESOURCE_INFO DRM_IOWR(DRM_COMMAND_BASE + DRM_VIRTGPU_RESOURCE_INFO, struct resource_info)

static bool has_3d(const struct drm_card *card)
{
    int value = 0; /* the kernel writes an int, whatever its header says */
    struct drm_virtgpu_getparam get = {.param = VIRTGPU_PARAM_3D_FEATURES, .value = (uint64_t)(uintptr_t)&value};
    return strcmp(card->driver, "virtio_gpu") == 0 && DRM_IOCTL(card, VIRTGPU_GETPARAM, &get) == 0 && value;
}

/* Returns whether the buffer is in the host's memory. No stride is as small as that kind of memory's number. */
static bool is_the_hosts(const struct drm_card *card, uint32_t handle)
{
    struct resource_info info = {.bo_handle = handle};
    return drm_ioctl(card, RESOURCE_INFO, "VIRTGPU_RESOURCE_INFO", &info) == 0 && info.blob_mem == BLOB_MEM_HOST3D;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    return len > 0 && bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0;
}

bool drm_virgl_is_elsewhere(const struct drm_card *card, uint32_t handle, const uint8_t *bytes, size_t len)
{
    return has_3d(card) && (is_the_hosts(card, handle) || is_zero(bytes, len));
}
