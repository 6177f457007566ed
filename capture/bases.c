/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/bases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t bases_size(const struct image_view *image)
{
    return image->pixels ? (size_t)image->width * 3 * image->height : 0;
}

static void bases_drop(struct base_picture *picture)
{
    free((void *)(uintptr_t)picture->image.pixels);
    *picture = (struct base_picture){0};
}

const struct image_view *bases_find(struct bases *bases, const char *hash, const struct image_view *like)
{
    for (size_t i = 0; i < BASES_MAX; i++) {
        struct base_picture *picture = &bases->pictures[i];
        if (picture->image.pixels && strcmp(picture->hash, hash) == 0 && picture->image.width == like->width &&
            picture->image.height == like->height) {
            picture->used = ++bases->uses;
            return &picture->image;
        }
    }
    return NULL;
}

/* Finds the place for one more of that size: a free one, or that of the one used longest ago. */
static struct base_picture *bases_make_room(struct bases *bases, size_t size)
{
    for (;;) {
        struct base_picture *oldest = &bases->pictures[0], *free_place = NULL;
        size_t sum = size;
        for (size_t i = 0; i < BASES_MAX; i++) {
            struct base_picture *picture = &bases->pictures[i];
            sum += bases_size(&picture->image);
            if (!picture->image.pixels)
                free_place = picture;
            else if (!oldest->image.pixels || picture->used < oldest->used)
                oldest = picture;
        }
        if (free_place && sum <= BASES_BYTES_MAX)
            return free_place;
        bases_drop(oldest);
    }
}

void bases_add(struct bases *bases, const char *hash, const struct image_view *image)
{
    size_t row = (size_t)image->width * 3, size = row * image->height;
    if (bases_find(bases, hash, image) || size > BASES_BYTES_MAX)
        return;
    struct base_picture *picture = bases_make_room(bases, size);
    uint8_t *pixels = malloc(size);
    if (!pixels)
        return;
    for (uint32_t y = 0; y < image->height; y++)
        memcpy(pixels + y * row, image->pixels + (size_t)y * image->stride, row);
    snprintf(picture->hash, sizeof picture->hash, "%s", hash);
    picture->image = (struct image_view){pixels, image->width, image->height, (uint32_t)row, PIXEL_RGB24};
    picture->used = ++bases->uses;
}

void bases_deinit(struct bases *bases)
{
    for (size_t i = 0; i < BASES_MAX; i++)
        bases_drop(&bases->pictures[i]);
}
