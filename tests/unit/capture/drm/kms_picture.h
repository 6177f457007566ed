/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures of the made-up card (fake_kernel.h), for the tests that compare them pixel by pixel. What is expected stands in
 * the tests as formulas of the screen's own coordinates; it comes from no function of the agent's. */
#ifndef TESTS_UNIT_CAPTURE_DRM_KMS_PICTURE_H
#define TESTS_UNIT_CAPTURE_DRM_KMS_PICTURE_H

#include "capture/drm/backend.h"
#include "capture/drm/render.h"
#include "tests/unit/capture/drm/fake_kernel.h"
#include "tests/unit/check.h"

#include <dirent.h>

#define CODE(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
#define XR24 CODE('X', 'R', '2', '4')
#define AR24 CODE('A', 'R', '2', '4')
#define CRTC 41
#define WIDTH 64
#define HEIGHT 48
#define VIRTUAL 15 /* DRM_MODE_CONNECTOR_VIRTUAL */

/* The picture, in a copy. */
static struct {
    enum capture_result result;
    uint32_t width, height;
    uint8_t rgb[256 * 256 * 3];
    struct strlist facts;
    struct error err;
} got;

/* In place of capture/drm/render.c: no graphics driver is here. */
int drm_render_read(const struct drm_card *card, const struct drm_framebuffer *framebuffer, struct layer *layer,
                    uint8_t *memory[FORMAT_PLANES_MAX], struct error *err)
{
    (void)card, (void)framebuffer, (void)layer, (void)memory;
    return error_set(err, ERR_UNAVAILABLE, "there is no driver");
}

bool drm_render_is_tested(void)
{
    return false;
}

/* ---- pixels ---- */

/* 0xRRGGBB, different for every place and for every `seed`. */
static inline uint32_t pattern(uint32_t seed, uint32_t x, uint32_t y)
{
    return (x * 4 & 0xff) << 16 | (y * 5 & 0xff) << 8 | (((x ^ y) + seed) & 0xff);
}

static inline void put32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static inline struct fake_framebuffer *add_pattern(uint32_t id, uint32_t fourcc, uint32_t width, uint32_t height,
                                                   uint32_t seed)
{
    uint32_t pitch = width * 4 + 64;
    struct fake_framebuffer *framebuffer = fake_add_framebuffer(id, fourcc, width, height, pitch);
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++)
            put32(fake_bytes(framebuffer->handles[0]) + y * pitch + x * 4, 0xff000000 | pattern(seed, x, y));
    return framebuffer;
}

/* Every pixel is the value, 0xAARRGGBB. */
static inline struct fake_framebuffer *add_plain(uint32_t id, uint32_t fourcc, uint32_t width, uint32_t height,
                                                 uint32_t value)
{
    struct fake_framebuffer *framebuffer = fake_add_framebuffer(id, fourcc, width, height, width * 4);
    for (uint32_t i = 0; i < width * height; i++)
        put32(fake_bytes(framebuffer->handles[0]) + i * 4, value);
    return framebuffer;
}

/* One output, whose primary plane (31) shows framebuffer 101: pattern(0). */
static inline struct fake_plane *begin(void)
{
    fake_begin();
    fake_add_crtc(CRTC, WIDTH, HEIGHT);
    fake_add_connector(51, VIRTUAL, 1, CRTC);
    add_pattern(101, XR24, WIDTH, HEIGHT, 0);
    return fake_add_plane(31, FAKE_PRIMARY, CRTC, 101, 0, 0);
}

/* ---- taking a picture ---- */

static inline unsigned count_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count;
}

static inline void copy_picture(const struct image_view *image)
{
    got.width = image->width;
    got.height = image->height;
    CHECK(image->format == PIXEL_RGB24 && image->width <= 256 && image->height <= 256);
    for (uint32_t y = 0; y < image->height && image->width <= 256 && image->height <= 256; y++)
        memcpy(got.rgb + y * 256 * 3, image->pixels + (size_t)y * image->stride, image->width * 3);
}

/* Whatever becomes of it: nothing is left open, no hardware is probed, and the card has no master meanwhile. */
static inline void take(const struct capture_options *options)
{
    struct image_view image = {0};
    struct capture *capture = NULL;
    unsigned files = count_files();
    strlist_deinit(&got.facts);
    memset(&got, 0, sizeof got);
    CHECK_INT(capture_drm_here.open(&capture, options, &got.err), 0);
    got.result = capture_drm_here.grab(capture, options, &image, &got.facts, &got.err);
    if (got.result == CAPTURE_OK)
        copy_picture(&image);
    capture_drm_here.close(capture);
    CHECK_INT(fake_open_handles(), 0);
    CHECK_INT(fake.wrong_closes, 0);
    CHECK_INT(fake.syncs, 0);
    CHECK_INT(fake.probes, 0);
    CHECK_INT(fake.calls_as_master, 0);
    CHECK_INT(count_files(), files);
}

static inline void take_all(void)
{
    take(&(struct capture_options){.cursor = true, .timeout_ms = 10000});
    if (got.result != CAPTURE_OK)
        printf("# %s\n", got.err.text);
    CHECK_INT(got.result, CAPTURE_OK);
    CHECK_INT(got.width, WIDTH);
    CHECK_INT(got.height, HEIGHT);
}

static inline uint32_t pixel(uint32_t x, uint32_t y)
{
    const uint8_t *rgb = got.rgb + (y * 256 + x) * 3;
    return (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
}

/* Compares the whole picture with a formula. */
static inline void expect(uint32_t (*want)(uint32_t x, uint32_t y))
{
    unsigned wrong = 0;
    for (uint32_t y = 0; y < got.height; y++)
        for (uint32_t x = 0; x < got.width; x++)
            if (pixel(x, y) != want(x, y) && wrong++ == 0)
                printf("# (%u, %u) is %06x, not %06x\n", x, y, pixel(x, y), want(x, y));
    CHECK_INT(wrong, 0);
}

static inline bool is_within(uint32_t x, uint32_t y, int left, int top, int width, int height)
{
    return (int)x >= left && (int)x < left + width && (int)y >= top && (int)y < top + height;
}

static inline const char *fact(const char *key)
{
    const char *value = strlist_get(&got.facts, key);
    return value ? value : "(none)";
}

/* begin()'s picture. */
static inline uint32_t primary_alone(uint32_t x, uint32_t y)
{
    return pattern(0, x, y);
}

#endif
