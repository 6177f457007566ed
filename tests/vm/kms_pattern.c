/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/vm/kms_pattern.h"

#include <libdrm/drm_fourcc.h>
#include <stddef.h>
#include <string.h>

struct color {
    uint32_t red, green, blue, alpha; /* 0 to 255; premultiplied */
};

/* ---- pictures for comparing ---- */

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

static struct color negative(uint32_t x, uint32_t y)
{
    struct color color = gradient(x, y);
    return (struct color){255 - color.red, 255 - color.green, 255 - color.blue, 255};
}

/* All alphas, with colours that are at most the alpha, as premultiplied ones are. */
static struct color glass(uint32_t x, uint32_t y)
{
    uint32_t alpha = (x * 7 + y * 3) & 255;
    return (struct color){alpha, alpha * (x & 7) / 7, alpha * (y & 7) / 7, alpha};
}

/* ---- pictures for looking at ---- */

static int is_within(int x, int y, int left, int top, int width, int height)
{
    return x >= left && x < left + width && y >= top && y < top + height;
}

static int is_in_disc(int x, int y, int middle_x, int middle_y, int radius)
{
    return (x - middle_x) * (x - middle_x) + (y - middle_y) * (y - middle_y) < radius * radius;
}

/* Height of a wave, by a triangle of that length. */
static int wave(int x, int length, int height)
{
    int at = x % length;
    return (at < length / 2 ? at : length - at) * 2 * height / length;
}

static int is_periscope(int x, int y)
{
    return is_within(x, y, 700, 330, 34, 260) || is_within(x, y, 650, 300, 84, 64) || is_in_disc(x, y, 718, 318, 28);
}

/* A sea at dusk, and what looks out of it. Made for 1024x768. */
static struct color sea(uint32_t column, uint32_t row)
{
    int x = (int)column, y = (int)row;
    if (is_in_disc(x, y, 656, 332, 22))
        return (struct color){150, 225, 255, 255};
    for (int i = 3; i >= 0; i--) /* the nearest wave hides what is behind */
        if (y > 500 + i * 62 - wave(x + i * 47, 150 + i * 40, 22))
            return (struct color){(uint32_t)(14 + 6 * (3 - i)), (uint32_t)(52 + 18 * (3 - i)),
                                  (uint32_t)(88 + 18 * (3 - i)), 255};
    if (is_periscope(x, y))
        return x % 84 < 62 ? (struct color){52, 58, 66, 255} : (struct color){78, 86, 96, 255};
    if (is_in_disc(x, y, 250, 430, 96))
        return (struct color){255, 214, 120, 255};
    uint32_t shade = row > 500 ? 500 : row;
    return (struct color){40 + shade * 200 / 500, 40 + shade * 110 / 500, 96 + shade * 20 / 500, 255};
}

static int is_rounded_off(int x, int y, int width, int height, int radius)
{
    int from_side = x < width - 1 - x ? x : width - 1 - x, from_edge = y < height - 1 - y ? y : height - 1 - y;
    return from_side < radius && from_edge < radius && !is_in_disc(from_side, from_edge, radius, radius, radius);
}

/* A window with round corners and bars in it, all of it opaque or not there: vkms blends in 16 bits, so that only such
   pixels come out the same in 8. Made for 320x200. */
static struct color pane(uint32_t column, uint32_t row)
{
    static const struct color bars[] = {
        {220, 60, 60, 255}, {230, 180, 50, 255}, {70, 180, 90, 255}, {60, 120, 220, 255}, {150, 80, 200, 255}};
    int x = (int)column, y = (int)row;
    if (is_rounded_off(x, y, 320, 200, 14))
        return (struct color){0, 0, 0, 0};
    if (is_within(x, y, 0, 0, 320, 28))
        return is_in_disc(x, y, 300, 14, 7) ? bars[0] : (struct color){30, 34, 42, 255};
    for (int i = 0; i < 5; i++)
        if (is_within(x, y, 24 + i * 56, 182 - (i * 37 + 40) % 130, 44, (i * 37 + 40) % 130))
            return bars[i];
    return y == 182 ? bars[3] : (struct color){236, 238, 242, 255};
}

static struct color arrow(uint32_t x, uint32_t y)
{
    if (y >= 40 || x > y * 2 / 3 || x + y > 48)
        return (struct color){0, 0, 0, 0};
    int is_edge = x == 0 || x + 1 > y * 2 / 3 || x + y > 46;
    return is_edge ? (struct color){0, 0, 0, 255} : (struct color){255, 255, 255, 255};
}

static const struct {
    const char *name;
    struct color (*at)(uint32_t x, uint32_t y);
} patterns[] = {{"blocks", blocks}, {"gradient", gradient}, {"negative", negative}, {"glass", glass},
                {"sea", sea},       {"pane", pane},         {"arrow", arrow}};

/* ---- formats ---- */

unsigned pattern_bytes_per_pixel(uint32_t fourcc)
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
    else if (pattern_bytes_per_pixel(fourcc) == 8)
        memcpy(bytes, wide, 8);
    else
        memcpy(bytes, &word, 4);
}

int pattern_fill(uint8_t *bytes, uint32_t pitch, uint32_t fourcc, uint32_t width, uint32_t height, const char *name)
{
    unsigned size = pattern_bytes_per_pixel(fourcc);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        if (strcmp(patterns[i].name, name) != 0)
            continue;
        for (uint32_t y = 0; y < height; y++)
            for (uint32_t x = 0; x < width; x++)
                write_pixel(bytes + (size_t)y * pitch + (size_t)x * size, fourcc, patterns[i].at(x, y));
        return 0;
    }
    return -1;
}
