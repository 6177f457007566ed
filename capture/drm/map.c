/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm/map.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* Tells the driver that reading starts or ends. In between, the processor's caches agree with the device's memory. */
static void synchronise(int dmabuf, uint64_t edge)
{
    struct dma_buf_sync sync = {.flags = edge | DMA_BUF_SYNC_READ};
    int result;
    do
        result = ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &sync);
    while (result < 0 && (errno == EINTR || errno == EAGAIN));
}

static int map_file(int fd, uint64_t offset, uint64_t size, struct drm_mapping *out)
{
    void *bytes = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, (off_t)offset);
    if (bytes == MAP_FAILED)
        return errno;
    out->bytes = bytes;
    out->size = (size_t)size;
    return 0;
}

/* ---- both return 0 or an errno ---- */

static int map_dmabuf(const struct drm_card *card, uint32_t handle, uint64_t size, struct drm_mapping *out)
{
    int fd = -1;
    if (DRM_CALL(card, "PRIME_HANDLE_TO_FD", drmPrimeHandleToFD(card->fd, handle, DRM_CLOEXEC, &fd)) < 0)
        return errno;
    off_t end = lseek(fd, 0, SEEK_END);
    int code = end >= 0 && (uint64_t)end < size ? EOVERFLOW : map_file(fd, 0, size, out);
    if (code) {
        close(fd);
        return code;
    }
    out->dmabuf = fd;
    synchronise(fd, DMA_BUF_SYNC_START);
    return 0;
}

static int map_dumb(const struct drm_card *card, uint32_t handle, uint64_t size, struct drm_mapping *out)
{
    uint64_t offset = 0;
    int status = DRM_CALL(card, "MODE_MAP_DUMB", drmModeMapDumbBuffer(card->fd, handle, &offset));
    return status < 0 ? -status : map_file(card->fd, offset, size, out);
}

int drm_map(const struct drm_card *card, uint32_t handle, uint64_t size, struct drm_mapping *out, struct error *err)
{
    *out = (struct drm_mapping){.dmabuf = -1};
    int as_dmabuf = map_dmabuf(card, handle, size, out);
    int as_dumb = as_dmabuf ? map_dumb(card, handle, size, out) : 0;
    if (as_dumb == 0)
        return 0;
    return error_set(err, ERR_UNAVAILABLE,
                     "card%u (%s) does not let %llu bytes of its framebuffer be mapped: as a dma-buf: %s; as a dumb "
                     "buffer: %s",
                     card->number, card->driver, (unsigned long long)size, strerror(as_dmabuf), strerror(as_dumb));
}

void drm_unmap(struct drm_mapping *mapping)
{
    if (mapping->dmabuf >= 0)
        synchronise(mapping->dmabuf, DMA_BUF_SYNC_END);
    if (mapping->bytes)
        munmap((void *)(uintptr_t)mapping->bytes, mapping->size);
    if (mapping->dmabuf >= 0)
        close(mapping->dmabuf);
    *mapping = (struct drm_mapping){.dmabuf = -1};
}
