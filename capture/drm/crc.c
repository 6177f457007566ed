/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm/crc.h"

#include "capture/drm/object.h"
#include "platform/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FOLDER "/sys/kernel/debug/dri"
#define LINE_MAX_SIZE 256 /* bytes: the kernel has at most ten values, 11 bytes each, and the frame's number */
#define FRAMES_MS 2000    /* in which a display that is on has shown two frames */
#define FRAMES_NEEDED 2   /* the first may have begun before it was asked for */

/* ---- the kernel's ---- */

bool drm_crc_line(const char *line, char values[DRM_CRC_VALUES_SIZE])
{
    size_t len = 0;
    line += strcspn(line, " \n");
    while (*line == ' ') {
        size_t word = strcspn(++line, " \n");
        if (word < 3 || strncmp(line, "0x", 2) != 0 || strspn(line + 2, "0123456789abcdef") < word - 2 ||
            len + word + 2 > DRM_CRC_VALUES_SIZE)
            return false;
        len += (size_t)snprintf(values + len, DRM_CRC_VALUES_SIZE - len, "%s%.*s", len ? "," : "", (int)word, line);
        line += word;
    }
    return len > 0 && *line == '\n';
}

static const char *crc_open_reason(int code)
{
    switch (code) {
    case ENOENT:
        return "there is none: debugfs is not mounted, or the driver computes no CRC";
    case EBUSY:
        return "another program reads it";
    case EIO:
        return "the CRTC is off";
    case EINVAL:
        return "the driver has no CRC from the source that is set";
    default:
        return strerror(code);
    }
}

/* Reads the line of one frame; the kernel gives one for each read. */
static int crc_read_line(int fd, int64_t deadline_ms, char line[LINE_MAX_SIZE], struct error *err)
{
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        ssize_t got = read(fd, line, LINE_MAX_SIZE - 1);
        if (got > 0) {
            line[got] = 0;
            return 0;
        }
        if (got == 0 || (errno != EAGAIN && errno != EINTR))
            return error_set(err, ERR_UNAVAILABLE, "%s", got == 0 ? "it has ended" : strerror(errno));
        int64_t left = os_time_left(deadline_ms);
        if (left == 0)
            return error_set(err, ERR_TIMEOUT, "the display has shown no new frame within %d ms", FRAMES_MS);
        poll(&wait, 1, (int)left);
    }
}

static int crc_read_frames(int fd, int64_t deadline_ms, char values[DRM_CRC_VALUES_SIZE], struct error *err)
{
    char line[LINE_MAX_SIZE];
    for (int i = 0; i < FRAMES_NEEDED; i++) {
        int status = crc_read_line(fd, deadline_ms, line, err);
        if (status < 0)
            return status;
    }
    if (!drm_crc_line(line, values))
        return error_set(err, ERR_UNAVAILABLE, "it has '%.40s', which is no CRC", line);
    return 0;
}

/* Finds the CRTC's number in debugfs, which is its place among the card's CRTCs. */
static bool crc_find_index(const struct drm_output *output, unsigned *index)
{
    struct drm_objects objects;
    struct error ignored;
    if (drm_objects_read(output->card, &objects, &ignored) < 0)
        return false;
    for (*index = 0; *index < objects.crtc_count; ++*index)
        if (objects.crtcs[*index] == output->crtc)
            return true;
    return false;
}

/* Reads the CRCs of a frame. The hardware computes them while `data` is open. */
static int crc_read_debugfs(const struct drm_output *output, int64_t deadline_ms, char values[DRM_CRC_VALUES_SIZE],
                            struct error *err)
{
    char path[96];
    unsigned index;
    int64_t frames = os_deadline(FRAMES_MS);
    if (!crc_find_index(output, &index))
        return error_set(err, ERR_UNAVAILABLE, "card%u has no CRTC %u", output->card->number, output->crtc);
    snprintf(path, sizeof path, FOLDER "/%u/crtc-%u/crc/data", output->card->number, index);
    drm_call_begins(output->card, "the opening of its CRC");
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_set(err, ERR_UNAVAILABLE, "%s: %s", path, crc_open_reason(errno));
    int status = crc_read_frames(fd, deadline_ms < frames ? deadline_ms : frames, values, err);
    close(fd);
    return status < 0 ? error_prefix(err, status, "%s", path) : 0;
}

static void crc_add_debugfs(const struct drm_output *output, int64_t deadline_ms, struct strlist *facts)
{
    char values[DRM_CRC_VALUES_SIZE];
    struct error why = {0};
    if (crc_read_debugfs(output, deadline_ms, values, &why) == 0)
        strlist_addf(facts, "crc=debugfs %s %s", values, output->name);
    else
        strlist_addf(facts, "refused=debugfs: %s", why.text);
}

/* ---- NVIDIA's ---- */

struct nvidia_crc {
    uint32_t value;
    uint8_t supported; /* else the value means nothing */
    uint8_t unused[3];
};

struct nvidia_crcs {
    uint32_t crtc;
    struct nvidia_crc compositor, raster, output;
};

#define NVIDIA_GET_CRTC_CRC32_V2 DRM_IOWR(DRM_COMMAND_BASE + 0x0c, struct nvidia_crcs)

static void crc_add_nvidia_value(const struct drm_output *output, const char *source, const struct nvidia_crc *crc,
                                 struct strlist *facts)
{
    if (crc->supported)
        strlist_addf(facts, "crc=nvidia-%s 0x%08x %s", source, crc->value, output->name);
    else
        strlist_addf(facts, "refused=nvidia-%s: the hardware of %s has none", source, output->name);
}

static void crc_add_nvidia(const struct drm_output *output, struct strlist *facts)
{
    struct nvidia_crcs crcs = {.crtc = output->crtc};
    int code = drm_ioctl(output->card, NVIDIA_GET_CRTC_CRC32_V2, "NVIDIA_GET_CRTC_CRC32_V2", &crcs);
    if (code) {
        strlist_addf(facts, "refused=nvidia: %s: %s", output->name, strerror(code));
        return;
    }
    crc_add_nvidia_value(output, "compositor", &crcs.compositor, facts);
    crc_add_nvidia_value(output, "raster", &crcs.raster, facts);
    crc_add_nvidia_value(output, "output", &crcs.output, facts);
}

void drm_crc_read(const struct drm_output *output, int64_t deadline_ms, struct strlist *facts)
{
    crc_add_debugfs(output, deadline_ms, facts);
    if (strcmp(output->card->driver, "nvidia-drm") == 0)
        crc_add_nvidia(output, facts);
}
