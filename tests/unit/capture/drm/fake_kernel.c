/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/capture/drm/fake_kernel.h"

#include "capture/drm/sysfs.h"
#include "capture/linux/card.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/dma-buf.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

struct fake_kernel fake = {.card = -1};

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* ---- what there is ---- */

void fake_end(void)
{
    for (uint32_t i = 0; i < fake.buffer_count; i++) {
        munmap(fake.buffers[i].bytes, fake.buffers[i].size);
        close(fake.buffers[i].memory);
    }
    if (fake.card >= 0)
        close(fake.card);
    memset(&fake, 0, sizeof fake);
    fake.card = -1;
}

void fake_begin(void)
{
    fake_end();
    fake.driver = "fake";
    fake.card = memfd_create("card", MFD_CLOEXEC);
    require(fake.card >= 0 && ftruncate(fake.card, FAKE_BUFFERS_MAX * (off_t)FAKE_DUMB_SIZE) == 0);
}

void fake_add_crtc(uint32_t id, uint16_t width, uint16_t height)
{
    require(fake.crtc_count < FAKE_CRTCS_MAX);
    fake.crtcs[fake.crtc_count++] =
        (struct fake_crtc){.id = id, .active = true, .width = width, .height = height, .refresh = 60};
}

void fake_add_connector(uint32_t id, uint32_t type, uint32_t type_id, uint32_t crtc)
{
    require(fake.connector_count < FAKE_CONNECTORS_MAX);
    fake.connectors[fake.connector_count++] = (struct fake_connector){id, type, type_id, crtc, 0};
}

uint32_t fake_add_buffer(size_t size)
{
    require(fake.buffer_count < FAKE_BUFFERS_MAX);
    struct fake_buffer *buffer = &fake.buffers[fake.buffer_count++];
    buffer->size = size;
    buffer->memory = memfd_create("buffer", MFD_CLOEXEC);
    require(buffer->memory >= 0 && ftruncate(buffer->memory, (off_t)size) == 0);
    buffer->bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, buffer->memory, 0);
    require(buffer->bytes != MAP_FAILED);
    return fake.buffer_count;
}

uint8_t *fake_bytes(uint32_t buffer)
{
    require(buffer >= 1 && buffer <= fake.buffer_count);
    return fake.buffers[buffer - 1].bytes;
}

struct fake_framebuffer *fake_add_framebuffer(uint32_t id, uint32_t fourcc, uint32_t width, uint32_t height,
                                              uint32_t pitch)
{
    require(fake.framebuffer_count < FAKE_FRAMEBUFFERS_MAX);
    struct fake_framebuffer *framebuffer = &fake.framebuffers[fake.framebuffer_count++];
    *framebuffer = (struct fake_framebuffer){
        .id = id,
        .fourcc = fourcc,
        .width = width,
        .height = height,
        .handles = {fake_add_buffer((size_t)pitch * height)},
        .pitches = {pitch},
        .has_modifier = true,
        .bits = 32,
        .depth = 24,
    };
    return framebuffer;
}

void fake_set(struct fake_plane *plane, enum fake_property property, uint64_t value)
{
    plane->has |= 1u << property;
    plane->values[property] = value;
}

struct fake_framebuffer *fake_find_framebuffer(uint32_t id)
{
    for (uint32_t i = 0; i < fake.framebuffer_count; i++)
        if (fake.framebuffers[i].id == id)
            return &fake.framebuffers[i];
    return NULL;
}

struct fake_plane *fake_add_plane(uint32_t id, enum fake_plane_type type, uint32_t crtc, uint32_t framebuffer,
                                  int32_t x, int32_t y)
{
    const struct fake_framebuffer *shown = fake_find_framebuffer(framebuffer);
    require(shown && fake.plane_count < FAKE_PLANES_MAX);
    struct fake_plane *plane = &fake.planes[fake.plane_count++];
    *plane = (struct fake_plane){.id = id};
    fake_set(plane, FAKE_TYPE, type);
    fake_set(plane, FAKE_CRTC_ID, crtc);
    fake_set(plane, FAKE_FB_ID, framebuffer);
    fake_set(plane, FAKE_CRTC_X, (uint64_t)(int64_t)x);
    fake_set(plane, FAKE_CRTC_Y, (uint64_t)(int64_t)y);
    fake_set(plane, FAKE_CRTC_W, shown->width);
    fake_set(plane, FAKE_CRTC_H, shown->height);
    fake_set(plane, FAKE_SRC_X, 0);
    fake_set(plane, FAKE_SRC_Y, 0);
    fake_set(plane, FAKE_SRC_W, (uint64_t)shown->width << 16);
    fake_set(plane, FAKE_SRC_H, (uint64_t)shown->height << 16);
    return plane;
}

void fake_add_blob(uint32_t id, const void *bytes, size_t len)
{
    require(fake.blob_count < FAKE_BLOBS_MAX);
    fake.blobs[fake.blob_count++] = (struct fake_blob){id, (uint32_t)len, bytes};
}

unsigned fake_open_handles(void)
{
    unsigned count = 0;
    for (size_t i = 0; i < FAKE_HANDLES_MAX; i++)
        count += fake.handles[i] != 0;
    return count;
}

/* ---- the calls ---- */

static int call_card(unsigned long request, void *argument)
{
    fake.calls++;
    if (request == DRM_IOCTL_DROP_MASTER) {
        bool was_master = fake.is_master;
        fake.is_master = false;
        return was_master ? 0 : EINVAL;
    }
    fake.calls_as_master += fake.is_master;
    int code = fake.hook ? fake.hook(request, argument) : 0;
    return code ? code : fake_answer(request, argument);
}

/* ---- in place of the C library's ---- */

#ifdef __GLIBC__
typedef unsigned long ioctl_request;
#else
typedef int ioctl_request;
#endif

int ioctl(int fd, ioctl_request request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    (void)fd;
    int code = 0;
    /* A request has 32 bits. */
    if ((unsigned)request == DMA_BUF_IOCTL_SYNC)
        fake.syncs += ((const struct dma_buf_sync *)argument)->flags & DMA_BUF_SYNC_END ? -1 : 1;
    else
        code = call_card((unsigned)request, argument);
    errno = code;
    return code ? -1 : 0;
}

/* A file of debugfs whose every read gives one line. */
static int open_crcs(void)
{
    int ends[2];
    if (!fake.crc_lines) {
        errno = ENOENT;
        return -1;
    }
    require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    for (size_t i = 0; fake.crc_lines[i]; i++)
        require(write(ends[1], fake.crc_lines[i], strlen(fake.crc_lines[i])) > 0);
    close(ends[1]);
    return ends[0];
}

/* Who opens a card that nobody has opened is its master, and knows of nothing yet. Closing it can't be seen here. */
/* The C library's names of the parameters are reserved ones. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? (mode_t)va_arg(arguments, int) : 0;
    va_end(arguments);
    if (strcmp(path, "/sys/kernel/debug/dri/0/crtc-0/crc/data") == 0)
        return open_crcs();
    if (strncmp(path, "/dev/dri/", 9) != 0)
        return openat(AT_FDCWD, path, flags, mode);
    if (strcmp(path, "/dev/dri/card0") != 0 || fake.card < 0) {
        errno = ENOENT;
        return -1;
    }
    fake.open_cards++;
    fake.is_master = !fake.has_master;
    fake.is_universal = fake.is_atomic = fake.knows_hotspots = false;
    return fcntl(fake.card, F_DUPFD_CLOEXEC, 3);
}

/* The process has every capability; nothing else is asked for. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
long syscall(long number, ...)
{
    va_list arguments;
    va_start(arguments, number);
    va_arg(arguments, void *);
    struct __user_cap_data_struct *data = va_arg(arguments, void *);
    va_end(arguments);
    if (number != SYS_capget) {
        errno = ENOSYS;
        return -1;
    }
    memset(data, 0xff, _LINUX_CAPABILITY_U32S_3 * sizeof *data);
    return 0;
}

/* ---- in place of capture/drm/sysfs.c and capture/linux/card.c ---- */

size_t drm_sysfs_cards(const char *root, unsigned numbers[DRM_CARDS_MAX])
{
    (void)root;
    numbers[0] = 0;
    return fake.card >= 0;
}

void linux_card_identify(const char *root, unsigned number, struct card_identity *out)
{
    (void)root, (void)number;
    *out = (struct card_identity){.driver = "fake"};
}

unsigned drm_sysfs_active_count(const char *root, unsigned number)
{
    (void)root, (void)number;
    return fake.connector_count;
}

bool drm_sysfs_is_inactive(const char *root, unsigned number)
{
    (void)root, (void)number;
    return false;
}

bool drm_sysfs_is_asleep(const char *root, unsigned number)
{
    (void)root, (void)number;
    return false;
}

bool drm_sysfs_has_console(const char *root, unsigned number)
{
    (void)root, (void)number;
    return false;
}
