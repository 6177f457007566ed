/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures at random, with what screens have: areas of one colour, text, gradients, noise, repeated rows and columns. A
   seed gives the same one everywhere. */
#ifndef TESTS_RANDOM_IMAGE_H
#define TESTS_RANDOM_IMAGE_H

#include "picture/image.h"

#include <stdlib.h>
#include <string.h>

static uint32_t image_random_state;

static inline uint32_t image_random(uint32_t below)
{
    image_random_state = image_random_state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)image_random_state * below >> 32);
}

struct image_area {
    uint8_t *pixels; /* of the whole picture */
    uint32_t stride, x, y, width, height;
    uint32_t colours[256];
    uint32_t count; /* of the colours */
};

static inline void image_put(const struct image_area *area, uint32_t x, uint32_t y, uint32_t colour)
{
    uint8_t *to = area->pixels + (size_t)(area->y + y) * area->stride + (size_t)(area->x + x) * 3;
    to[0] = (uint8_t)colour, to[1] = (uint8_t)(colour >> 8), to[2] = (uint8_t)(colour >> 16);
}

/* Draws runs, whose colours and lengths are at random. */
static inline void image_draw_runs(const struct image_area *area, uint32_t longest)
{
    uint32_t left = 0, colour = 0;
    for (uint32_t y = 0; y < area->height; y++)
        for (uint32_t x = 0; x < area->width; x++, left--) {
            if (left == 0) {
                left = 1 + image_random(longest);
                colour = area->colours[image_random(area->count)];
            }
            image_put(area, x, y, colour);
        }
}

static inline void image_draw_noise(const struct image_area *area, uint32_t bits)
{
    for (uint32_t y = 0; y < area->height; y++)
        for (uint32_t x = 0; x < area->width; x++)
            image_put(area, x, y, image_random(1u << bits) * 0x010203u);
}

static inline void image_draw_gradient(const struct image_area *area)
{
    uint32_t across = image_random(9), down = image_random(9), noise = 1 + image_random(4);
    for (uint32_t y = 0; y < area->height; y++)
        for (uint32_t x = 0; x < area->width; x++) {
            uint32_t value = (x * across + y * down) / 4 + image_random(noise);
            image_put(area, x, y, (value & 255) | (value * 2 & 255) << 8 | (255 - (value & 255)) << 16);
        }
}

/* Copies rows from those above: what Up makes zeros of. */
static inline void image_repeat_rows(const struct image_area *area)
{
    for (uint32_t y = 1; y < area->height; y++) {
        uint8_t *row = area->pixels + (size_t)(area->y + y) * area->stride + (size_t)area->x * 3;
        if (image_random(3))
            memcpy(row, row - area->stride, (size_t)area->width * 3);
    }
}

static inline void image_draw(struct image_area *area)
{
    static const uint32_t counts[] = {1, 2, 3, 4, 5, 15, 16, 17, 100, 255, 256};
    area->count = counts[image_random(sizeof counts / sizeof *counts)];
    for (uint32_t i = 0; i < area->count; i++)
        area->colours[i] = image_random(1u << 24);
    switch (image_random(6)) {
    case 0:
        image_draw_noise(area, 1 + image_random(24));
        break;
    case 1:
        image_draw_gradient(area);
        break;
    default:
        image_draw_runs(area, 1 + image_random(image_random(4) ? 40 : 2000));
    }
    if (image_random(2))
        image_repeat_rows(area);
}

static inline uint32_t image_random_size(void)
{
    switch (image_random(8)) {
    case 0:
        return 1 + image_random(3);
    case 1:
        return 1 + image_random(300);
    default:
        return 1 + image_random(70);
    }
}

/* Returns a picture; its rows may have padding. The caller frees the pixels. */
static inline struct image_view image_of_size(uint32_t width, uint32_t height)
{
    uint32_t stride = width * 3 + image_random(9);
    uint8_t *pixels = calloc(height, stride);
    struct image_area area = {.pixels = pixels, .stride = stride};
    for (uint32_t areas = 1 + image_random(4), i = 0; i < areas && pixels; i++) {
        area.x = i ? image_random(width) : 0;
        area.y = i ? image_random(height) : 0;
        area.width = i ? 1 + image_random(width - area.x) : width;
        area.height = i ? 1 + image_random(height - area.y) : height;
        image_draw(&area);
    }
    return (struct image_view){pixels, width, height, stride, PIXEL_RGB24};
}

static inline struct image_view image_at_random(void)
{
    uint32_t width = image_random_size(), height = image_random_size();
    if (image_random(40) == 0) /* a long one: several bands, or rows longer than what a sample has */
        *(image_random(2) ? &width : &height) *= 1 + image_random(60);
    return image_of_size(width, height);
}

#endif
