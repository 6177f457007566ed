/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Becomes master of a card and shows scenes on it until it is killed: one framebuffer a plane, filled by a pattern.
 *
 * usage: kms_client CARD [every=MS] [vt=N] SCENE [-- SCENE]...
 *
 * CARD is a file like /dev/dri/card0. A SCENE is [mode=WxH] [gamma=R,G,B] PLANE..., a PLANE is
 * TYPE:FOURCC:WxH:PATTERN[:PROPERTY=VALUE]..., TYPE one of primary, overlay and cursor. The mode is the output's own or,
 * where it has none of that size, one made up; without it the first. Unless a PROPERTY says otherwise, the whole
 * framebuffer is shown at 0,0 of the screen. SRC_ properties are given in pixels. The hardware's gamma table goes
 * from 0 to R, G and B percent, or from all to nothing by -100.
 *
 * With several scenes each is shown for that many milliseconds, in turn. With vt it does so on that virtual terminal,
 * and lets go of the screen while another one is shown. Prints "READY WxH" once the first is shown. Uses libdrm, of
 * which the agent uses nothing.
 */
#include "tests/vm/kms_pattern.h"
#include "tests/vm/kms_vt.h"

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
#define SCENES_MAX 64

static int card;
static drmModeAtomicReqPtr scenes[SCENES_MAX];
static int scene_count, shown;
static unsigned every_ms;

static void die(const char *what)
{
    fprintf(stderr, "kms_client: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint32_t make_framebuffer(uint32_t fourcc, uint32_t width, uint32_t height, const char *pattern)
{
    uint32_t handle, pitch, id, handles[4] = {0}, pitches[4] = {0}, offsets[4] = {0};
    uint64_t size, offset;
    if (drmModeCreateDumbBuffer(card, width, height, pattern_bytes_per_pixel(fourcc) * 8, 0, &handle, &pitch, &size))
        die("create a buffer");
    if (drmModeMapDumbBuffer(card, handle, &offset))
        die("map a buffer");
    uint8_t *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, card, (off_t)offset);
    if (bytes == MAP_FAILED)
        die("mmap");
    if (pattern_fill(bytes, pitch, fourcc, width, height, pattern)) {
        errno = EINVAL;
        die(pattern);
    }
    munmap(bytes, size);
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

/* The first connector that is plugged in. */
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

/* One that no monitor would take, but that has the size. */
static drmModeModeInfo make_mode(unsigned width, unsigned height)
{
    drmModeModeInfo mode = {
        .hdisplay = (uint16_t)width,
        .hsync_start = (uint16_t)(width + 16),
        .hsync_end = (uint16_t)(width + 32),
        .htotal = (uint16_t)(width + 64),
        .vdisplay = (uint16_t)height,
        .vsync_start = (uint16_t)(height + 4),
        .vsync_end = (uint16_t)(height + 8),
        .vtotal = (uint16_t)(height + 16),
        .vrefresh = 60,
        .type = DRM_MODE_TYPE_USERDEF,
    };
    mode.clock = (uint32_t)mode.htotal * mode.vtotal * 60 / 1000;
    snprintf(mode.name, sizeof mode.name, "%ux%u", width, height);
    return mode;
}

static drmModeModeInfo find_mode(const drmModeConnector *connector, const char *size)
{
    unsigned width, height;
    if (!size)
        return connector->modes[0];
    if (sscanf(size, "%ux%u", &width, &height) != 2) {
        errno = EINVAL;
        die(size);
    }
    for (int i = 0; i < connector->count_modes; i++)
        if (connector->modes[i].hdisplay == width && connector->modes[i].vdisplay == height)
            return connector->modes[i];
    return make_mode(width, height);
}

static void set_mode(drmModeAtomicReqPtr request, uint32_t crtc, const drmModeConnector *connector,
                     const drmModeModeInfo *mode)
{
    uint32_t blob;
    if (drmModeCreatePropertyBlob(card, mode, sizeof *mode, &blob))
        die("make a mode");
    set(request, connector->connector_id, DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID", crtc);
    set(request, crtc, DRM_MODE_OBJECT_CRTC, "MODE_ID", blob);
    set(request, crtc, DRM_MODE_OBJECT_CRTC, "ACTIVE", 1);
}

static uint16_t gamma_entry(int i, int percent)
{
    return (uint16_t)((percent < 0 ? 0xffff : 0) + i * 257 * percent / 100);
}

/* A straight line for each channel. */
static void set_gamma(drmModeAtomicReqPtr request, uint32_t crtc, const char *percents)
{
    struct drm_color_lut table[256];
    int red, green, blue;
    uint32_t blob;
    if (sscanf(percents, "%d,%d,%d", &red, &green, &blue) != 3) {
        errno = EINVAL;
        die(percents);
    }
    for (int i = 0; i < 256; i++)
        table[i] = (struct drm_color_lut){gamma_entry(i, red), gamma_entry(i, green), gamma_entry(i, blue), 0};
    if (drmModeCreatePropertyBlob(card, table, sizeof table, &blob))
        die("make a gamma table");
    set(request, crtc, DRM_MODE_OBJECT_CRTC, "GAMMA_LUT", blob);
}

/* Of what the scene does not name, and what was shown before. */
static void clear_planes(drmModeAtomicReqPtr request)
{
    drmModePlaneResPtr planes = drmModeGetPlaneResources(card);
    for (uint32_t i = 0; planes && i < planes->count_planes; i++) {
        set_plane(request, planes->planes[i], "FB_ID", 0);
        set_plane(request, planes->planes[i], "CRTC_ID", 0);
    }
    drmModeFreePlaneResources(planes);
}

static char **add_scene(char **words, uint32_t crtc, const drmModeConnector *connector, drmModeModeInfo *mode)
{
    drmModeAtomicReqPtr request = drmModeAtomicAlloc();
    if (!request || scene_count == SCENES_MAX)
        die("one scene more");
    scenes[scene_count++] = request;
    const char *size = *words && strncmp(*words, "mode=", 5) == 0 ? *words++ + 5 : NULL;
    *mode = find_mode(connector, size);
    set_mode(request, crtc, connector, mode);
    if (*words && strncmp(*words, "gamma=", 6) == 0)
        set_gamma(request, crtc, *words++ + 6);
    clear_planes(request);
    while (*words && strcmp(*words, "--") != 0)
        add_plane(request, crtc, *words++);
    return *words ? words + 1 : words;
}

static void show(void)
{
    if (drmModeAtomicCommit(card, scenes[shown], DRM_MODE_ATOMIC_ALLOW_MODESET, NULL))
        die("show the scene");
}

/* ---- a terminal of its own ---- */

static void let_go(void)
{
    if (drmDropMaster(card))
        die("let go of the screen");
}

static void take_up(void)
{
    if (drmSetMaster(card))
        die("become master again");
    show();
}

static void go_on(void)
{
    for (;;) {
        if (scene_count > 1)
            usleep(every_ms * 1000);
        else
            usleep(20000);
        if (!vt_serve(let_go, take_up) || scene_count == 1)
            continue;
        shown = (shown + 1) % scene_count;
        show();
    }
}

/* ---- */

static char **read_options(char **words)
{
    for (; *words; words++) {
        if (strncmp(*words, "every=", 6) == 0)
            every_ms = (unsigned)atoi(*words + 6);
        else if (strncmp(*words, "vt=", 3) != 0)
            break;
        else if (vt_take(atoi(*words + 3)))
            die(*words);
    }
    return words;
}

static void become_master(const char *path)
{
    card = open(path, O_RDWR | O_CLOEXEC);
    if (card < 0)
        die(path);
    if (drmSetClientCap(card, DRM_CLIENT_CAP_ATOMIC, 1))
        die("atomic");
    drmSetClientCap(card, CAP_CURSOR_PLANE_HOTSPOT, 1);
    if (drmSetMaster(card))
        die("become master");
}

int main(int argc, char **argv)
{
    drmModeModeInfo first = {0}, mode;
    if (argc < 3) {
        fputs("usage: kms_client CARD [every=MS] [vt=N] SCENE [-- SCENE]...\n", stderr);
        return 2;
    }
    char **words = read_options(argv + 2);
    become_master(argv[1]);
    drmModeResPtr resources = drmModeGetResources(card);
    if (!resources || resources->count_crtcs < 1)
        die("find a CRTC");
    drmModeConnectorPtr connector = find_connector(resources);
    while (*words) {
        words = add_scene(words, resources->crtcs[0], connector, &mode);
        if (scene_count == 1)
            first = mode;
    }
    show();
    printf("READY %ux%u\n", first.hdisplay, first.vdisplay);
    fflush(stdout);
    go_on();
}
