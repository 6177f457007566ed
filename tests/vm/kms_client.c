/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Becomes master of a card and shows a scene: one framebuffer a plane, filled by a pattern, until it is killed.
 *
 * usage: kms_client CARD PLANE...
 *
 * CARD is a file like /dev/dri/card0. PLANE is TYPE:FOURCC:WxH:PATTERN[:PROPERTY=VALUE]..., TYPE one of primary,
 * overlay and cursor. Unless a PROPERTY says otherwise, the whole framebuffer is shown at 0,0 of the screen, and the
 * primary plane in the size of the mode. SRC_ properties are given in pixels. Prints "READY WxH" once it is shown.
 * Uses libdrm, of which the agent uses nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <libdrm/drm_fourcc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#define CAP_CURSOR_PLANE_HOTSPOT 6

static int card;

static void die(const char *what)
{
    fprintf(stderr, "kms_client: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- pictures ---- */

struct color {
    uint32_t red, green, blue, alpha; /* 0 to 255 */
};

/* Blocks of the eight colours whose channels are all or nothing: exact in every format, and under every alpha. */
static struct color blocks(uint32_t x, uint32_t y)
{
    uint32_t n = x / 13 + y / 7;
    return (struct color){n & 1 ? 255 : 0, n & 2 ? 255 : 0, n & 4 ? 255 : 0, 255};
}

static struct color gradient(uint32_t x, uint32_t y)
{
    return (struct color){x & 255, y & 255, (x ^ y) & 255, 255};
}

/* All alphas, with colours that are at most the alpha, as premultiplied ones are. */
static struct color glass(uint32_t x, uint32_t y)
{
    uint32_t alpha = (x * 7 + y * 3) & 255;
    return (struct color){alpha, alpha * (x & 7) / 7, alpha * (y & 7) / 7, alpha};
}

/* One alpha of 0 on all: what compositors leave in the lowest plane. */
static struct color ghost(uint32_t x, uint32_t y)
{
    struct color color = gradient(x, y);
    color.alpha = 0;
    return color;
}

static const struct {
    const char *name;
    struct color (*at)(uint32_t x, uint32_t y);
} patterns[] = {{"blocks", blocks}, {"gradient", gradient}, {"glass", glass}, {"ghost", ghost}};

static unsigned bytes_per_pixel(uint32_t fourcc)
{
    switch (fourcc) {
    case DRM_FORMAT_RGB565:
        return 2;
    case DRM_FORMAT_XRGB16161616:
    case DRM_FORMAT_ARGB16161616:
        return 8;
    default:
        return 4;
    }
}

static void write_pixel(uint8_t *bytes, uint32_t fourcc, struct color c)
{
    uint16_t wide[4] = {(uint16_t)(c.blue * 257), (uint16_t)(c.green * 257), (uint16_t)(c.red * 257),
                        (uint16_t)(c.alpha * 257)};
    uint32_t word = c.alpha << 24 | c.red << 16 | c.green << 8 | c.blue;
    uint16_t half = (uint16_t)((c.red >> 3) << 11 | (c.green >> 2) << 5 | c.blue >> 3);
    if (fourcc == DRM_FORMAT_RGB565)
        memcpy(bytes, &half, 2);
    else if (bytes_per_pixel(fourcc) == 8)
        memcpy(bytes, wide, 8);
    else
        memcpy(bytes, &word, 4);
}

static void fill(uint8_t *bytes, uint32_t pitch, uint32_t fourcc, uint32_t width, uint32_t height, const char *pattern)
{
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        for (uint32_t y = 0; strcmp(patterns[i].name, pattern) == 0 && y < height; y++)
            for (uint32_t x = 0; x < width; x++)
                write_pixel(bytes + (size_t)y * pitch + (size_t)x * bytes_per_pixel(fourcc), fourcc,
                            patterns[i].at(x, y));
}

static uint32_t make_framebuffer(uint32_t fourcc, uint32_t width, uint32_t height, const char *pattern)
{
    uint32_t handle, pitch, id, handles[4] = {0}, pitches[4] = {0}, offsets[4] = {0};
    uint64_t size, offset;
    if (drmModeCreateDumbBuffer(card, width, height, bytes_per_pixel(fourcc) * 8, 0, &handle, &pitch, &size))
        die("create a buffer");
    if (drmModeMapDumbBuffer(card, handle, &offset))
        die("map a buffer");
    uint8_t *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, card, (off_t)offset);
    if (bytes == MAP_FAILED)
        die("mmap");
    fill(bytes, pitch, fourcc, width, height, pattern);
    handles[0] = handle;
    pitches[0] = pitch;
    if (drmModeAddFB2(card, width, height, fourcc, handles, pitches, offsets, &id, 0))
        die("add a framebuffer");
    return id;
}

/* ---- objects ---- */

static drmModePropertyPtr find_property(uint32_t object, uint32_t type, const char *name, uint64_t *value)
{
    drmModeObjectPropertiesPtr all = drmModeObjectGetProperties(card, object, type);
    for (uint32_t i = 0; all && i < all->count_props; i++) {
        drmModePropertyPtr property = drmModeGetProperty(card, all->props[i]);
        if (property && strcmp(property->name, name) == 0) {
            *value = all->prop_values[i];
            return property;
        }
        drmModeFreeProperty(property);
    }
    return NULL;
}

static void set(drmModeAtomicReqPtr request, uint32_t object, uint32_t type, const char *name, uint64_t value)
{
    uint64_t was;
    drmModePropertyPtr property = find_property(object, type, name, &was);
    if (!property) {
        errno = ENOENT;
        die(name);
    }
    if (drmModeAtomicAddProperty(request, object, property->prop_id, value) < 0)
        die(name);
}

static void set_plane(drmModeAtomicReqPtr request, uint32_t plane, const char *name, uint64_t value)
{
    set(request, plane, DRM_MODE_OBJECT_PLANE, name, value);
}

static uint32_t find_plane(const char *kind)
{
    static const char *const kinds[] = {"overlay", "primary", "cursor"}; /* by value */
    drmModePlaneResPtr planes = drmModeGetPlaneResources(card);
    for (uint32_t i = 0; planes && i < planes->count_planes; i++) {
        uint64_t type;
        if (find_property(planes->planes[i], DRM_MODE_OBJECT_PLANE, "type", &type) && type < 3 &&
            strcmp(kinds[type], kind) == 0)
            return planes->planes[i];
    }
    errno = ENOENT;
    die(kind);
    return 0;
}

/* The first connector that is plugged in, and its first mode. */
static drmModeConnectorPtr find_connector(drmModeResPtr resources)
{
    for (int i = 0; i < resources->count_connectors; i++) {
        drmModeConnectorPtr connector = drmModeGetConnector(card, resources->connectors[i]);
        if (connector && connector->connection == DRM_MODE_CONNECTED && connector->count_modes > 0)
            return connector;
    }
    errno = ENODEV;
    die("find an output");
    return NULL;
}

/* ---- the scene ---- */

static void set_given(drmModeAtomicReqPtr request, uint32_t plane, char *given)
{
    char *equals = strchr(given, '=');
    if (!equals) {
        errno = EINVAL;
        die(given);
    }
    *equals = 0;
    int64_t value = strtoll(equals + 1, NULL, 0);
    set_plane(request, plane, given, strncmp(given, "SRC_", 4) == 0 ? (uint64_t)value << 16 : (uint64_t)value);
}

static void add_plane(drmModeAtomicReqPtr request, uint32_t crtc, char *text)
{
    char *rest = text, *kind = strsep(&rest, ":"), *fourcc = strsep(&rest, ":"), *size = strsep(&rest, ":");
    char *pattern = strsep(&rest, ":");
    unsigned width, height;
    if (!pattern || strlen(fourcc) != 4 || sscanf(size, "%ux%u", &width, &height) != 2) {
        errno = EINVAL;
        die(text);
    }
    uint32_t plane = find_plane(kind), format = fourcc_code(fourcc[0], fourcc[1], fourcc[2], fourcc[3]);
    set_plane(request, plane, "FB_ID", make_framebuffer(format, width, height, pattern));
    set_plane(request, plane, "CRTC_ID", crtc);
    set_plane(request, plane, "CRTC_X", 0);
    set_plane(request, plane, "CRTC_Y", 0);
    set_plane(request, plane, "CRTC_W", width);
    set_plane(request, plane, "CRTC_H", height);
    set_plane(request, plane, "SRC_X", 0);
    set_plane(request, plane, "SRC_Y", 0);
    set_plane(request, plane, "SRC_W", (uint64_t)width << 16);
    set_plane(request, plane, "SRC_H", (uint64_t)height << 16);
    while (rest)
        set_given(request, plane, strsep(&rest, ":"));
}

static void set_mode(drmModeAtomicReqPtr request, uint32_t crtc, const drmModeConnector *connector)
{
    uint32_t blob;
    if (drmModeCreatePropertyBlob(card, &connector->modes[0], sizeof connector->modes[0], &blob))
        die("make a mode");
    set(request, connector->connector_id, DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID", crtc);
    set(request, crtc, DRM_MODE_OBJECT_CRTC, "MODE_ID", blob);
    set(request, crtc, DRM_MODE_OBJECT_CRTC, "ACTIVE", 1);
}

int main(int argc, char **argv)
{
    card = argc > 2 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;
    if (card < 0)
        die("usage: kms_client CARD PLANE...");
    if (drmSetClientCap(card, DRM_CLIENT_CAP_ATOMIC, 1))
        die("atomic");
    drmSetClientCap(card, CAP_CURSOR_PLANE_HOTSPOT, 1);
    if (drmSetMaster(card))
        die("become master");
    drmModeResPtr resources = drmModeGetResources(card);
    drmModeAtomicReqPtr request = drmModeAtomicAlloc();
    if (!resources || resources->count_crtcs < 1 || !request)
        die("find a CRTC");
    drmModeConnectorPtr connector = find_connector(resources);
    set_mode(request, resources->crtcs[0], connector);
    for (int i = 2; i < argc; i++)
        add_plane(request, resources->crtcs[0], argv[i]);
    if (drmModeAtomicCommit(card, request, DRM_MODE_ATOMIC_ALLOW_MODESET, NULL))
        die("show the scene");
    printf("READY %ux%u\n", connector->modes[0].hdisplay, connector->modes[0].vdisplay);
    fflush(stdout);
    for (;;)
        pause();
}
