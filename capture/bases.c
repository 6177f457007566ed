/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/bases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t bases_size(const struct image_view *image)
{
    return image->pixels ? (size_t)image->width * 3 * image->height : 0;
}

static void bases_drop(struct bases *bases, struct base_picture *picture)
{
    if (bases->newest == picture)
        bases->newest = NULL;
    free((void *)(uintptr_t)picture->image.pixels);
    free(picture->states);
    *picture = (struct base_picture){0};
}

static bool bases_is_like(const struct base_picture *picture, const struct image_view *like)
{
    return picture->image.pixels && picture->image.width == like->width && picture->image.height == like->height;
}

/* Finds the picture with this hash and size, and uses it. */
static struct base_picture *bases_use(struct bases *bases, const char *hash, const struct image_view *like)
{
    for (size_t i = 0; i < BASES_MAX; i++) {
        struct base_picture *picture = &bases->pictures[i];
        if (bases_is_like(picture, like) && strcmp(picture->hash, hash) == 0) {
            picture->used = ++bases->uses;
            return picture;
        }
    }
    return NULL;
}

const struct image_view *bases_find(struct bases *bases, const char *hash, const struct image_view *like)
{
    struct base_picture *picture = bases_use(bases, hash, like);
    return picture ? &picture->image : NULL;
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
        bases_drop(bases, oldest);
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
    picture->stale_count = BASES_STALE_ALL;
}

/* ---- a source that tells what has changed ---- */

static uint8_t *bases_row(const struct base_picture *picture, uint32_t x, uint32_t y)
{
    return (uint8_t *)(uintptr_t)picture->image.pixels + (size_t)y * picture->image.stride + (size_t)x * 3;
}

static void bases_copy(struct base_picture *to, const struct image_view *from, const struct delta_rect *rect)
{
    for (uint32_t y = rect->y; y < rect->y + rect->height; y++)
        memcpy(bases_row(to, rect->x, y), from->pixels + (size_t)y * from->stride + (size_t)rect->x * 3,
               (size_t)rect->width * 3);
}

/* Gives a place the memory for a picture of that size. */
static bool bases_allocate(struct base_picture *picture, const struct image_view *like)
{
    uint32_t row = like->width * 3;
    if (!picture->image.pixels) {
        picture->image =
            (struct image_view){malloc((size_t)row * like->height), like->width, like->height, row, PIXEL_RGB24};
        picture->stale_count = BASES_STALE_ALL;
    }
    if (!picture->states)
        picture->states = calloc(like->height / PICTURE_HASH_STEP + 1, sizeof *picture->states);
    return picture->image.pixels && picture->states;
}

/* Finds the place to use next: that of the picture which was used longest ago and is not one of the two to keep. */
static struct base_picture *bases_oldest(struct bases *bases, const char *keep)
{
    struct base_picture *oldest = NULL;
    for (size_t i = 0; i < BASES_MAX; i++) {
        struct base_picture *picture = &bases->pictures[i];
        bool is_kept = picture == bases->newest || (keep && picture->image.pixels && !strcmp(picture->hash, keep));
        if (!is_kept && (!oldest || picture->used < oldest->used))
            oldest = picture;
    }
    return oldest;
}

/* Makes a place for a picture of that size, within BASES_BYTES_MAX. */
static struct base_picture *bases_place(struct bases *bases, const struct image_view *like, const char *keep)
{
    struct base_picture *place = bases_oldest(bases, keep);
    size_t sum = (size_t)like->width * 3 * like->height;
    if (!bases_is_like(place, like))
        bases_drop(bases, place);
    for (size_t i = 0; i < BASES_MAX; i++)
        sum += &bases->pictures[i] == place ? 0 : bases_size(&bases->pictures[i].image);
    for (size_t i = 0; i < BASES_MAX && sum > BASES_BYTES_MAX; i++) {
        struct base_picture *other = &bases->pictures[i];
        if (other == place || other == bases->newest || (keep && !strcmp(other->hash, keep)))
            continue;
        sum -= bases_size(&other->image);
        bases_drop(bases, other);
    }
    if (sum <= BASES_BYTES_MAX && bases_allocate(place, like))
        return place;
    bases_drop(bases, place);
    return NULL;
}

/* Leaves the place, which has the newest picture's pixels, to the next one: they have changed back meanwhile. */
static const struct base_picture *bases_keep_newest(struct bases *bases, struct base_picture *place)
{
    place->hash[0] = 0;
    place->used = place->stale_count = 0;
    return bases->newest;
}

/* Notes for all pictures where they differ from the next one, too. */
static void bases_make_stale(struct bases *bases, const struct delta_rect *rects, size_t count)
{
    for (size_t i = 0; i < BASES_MAX; i++) {
        struct base_picture *picture = &bases->pictures[i];
        if (picture->stale_count + count > BASES_STALE_MAX)
            picture->stale_count = BASES_STALE_ALL;
        for (size_t j = 0; j < count && picture->stale_count < BASES_STALE_MAX; j++)
            picture->stale[picture->stale_count++] = rects[j];
    }
}

static const struct base_picture *bases_set_newest(struct bases *bases, struct base_picture *next,
                                                   const struct delta_rect *rects, size_t count)
{
    bases_make_stale(bases, rects, count);
    next->stale_count = 0;
    next->used = ++bases->uses;
    return bases->newest = next;
}

/* Makes the next picture of the newest one and what is new. */
static const struct base_picture *bases_renew(struct bases *bases, struct base_picture *next,
                                              const struct base_news *news)
{
    const struct base_picture *last = bases->newest;
    struct delta_rect whole = {0, 0, news->image.width, news->image.height}, rects[DELTA_RECTS_MAX];
    const struct delta_rect *differs = rects;
    uint32_t top = whole.height;
    if (next->stale_count > BASES_STALE_MAX)
        bases_copy(next, &last->image, &whole);
    for (size_t i = 0; i < next->stale_count && next->stale_count <= BASES_STALE_MAX; i++)
        bases_copy(next, &last->image, &next->stale[i]);
    for (size_t i = 0; i < news->count; i++)
        bases_copy(next, &news->image, &news->rects[i]);
    size_t count = delta_find_within(&last->image, &next->image, news->rects, news->count, rects);
    if (count == 0)
        return bases_keep_newest(bases, next);
    if (count > DELTA_RECTS_MAX) {
        differs = news->rects;
        count = news->count;
    }
    for (size_t i = 0; i < count; i++)
        top = differs[i].y < top ? differs[i].y : top;
    memcpy(next->states, last->states, (top / PICTURE_HASH_STEP + 1) * sizeof *next->states);
    picture_hash_from(next->hash, &next->image, next->states, top);
    return bases_set_newest(bases, next, differs, count);
}

static const struct base_picture *bases_begin(struct bases *bases, struct base_picture *next,
                                              const struct image_view *image)
{
    struct delta_rect whole = {0, 0, image->width, image->height};
    bases_copy(next, image, &whole);
    picture_hash_from(next->hash, &next->image, next->states, 0);
    return bases_set_newest(bases, next, &whole, 1);
}

static bool bases_is_same(const struct base_picture *picture, const struct image_view *image,
                          const struct delta_rect *rects, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (uint32_t y = rects[i].y; y < rects[i].y + rects[i].height; y++)
            if (memcmp(bases_row(picture, rects[i].x, y),
                       image->pixels + (size_t)y * image->stride + (size_t)rects[i].x * 3,
                       (size_t)rects[i].width * 3) != 0)
                return false;
    return true;
}

/* Returns whether what may differ is so much that it is not worth while to take it apart. */
static bool bases_is_most(const struct base_news *news)
{
    uint64_t pixels = 0;
    for (size_t i = 0; i < news->count && i < DELTA_RECTS_MAX; i++)
        pixels += (uint64_t)news->rects[i].width * news->rects[i].height;
    return news->count > DELTA_RECTS_MAX || pixels * 2 >= (uint64_t)news->image.width * news->image.height;
}

const struct base_picture *bases_follow(struct bases *bases, const struct base_news *news, const char *keep)
{
    struct delta_rect found[DELTA_RECTS_MAX];
    struct base_news known = *news;
    bool is_like = bases->newest && bases_is_like(bases->newest, &news->image);
    bases->number = news->number;
    if (is_like && !known.rects) {
        known.rects = found;
        known.count = delta_find(&bases->newest->image, &news->image, found);
    }
    if (is_like && known.count <= DELTA_RECTS_MAX &&
        bases_is_same(bases->newest, &news->image, known.rects, known.count))
        return bases->newest;
    struct base_picture *next = bases_place(bases, &news->image, keep);
    if (!next)
        return bases->newest = NULL;
    return is_like && !bases_is_most(&known) ? bases_renew(bases, next, &known)
                                             : bases_begin(bases, next, &news->image);
}

size_t bases_delta(struct bases *bases, const char *hash, struct delta_rect rects[DELTA_RECTS_MAX])
{
    const struct base_picture *newest = bases->newest;
    const struct base_picture *old = newest ? bases_use(bases, hash, &newest->image) : NULL;
    if (!old)
        return 0;
    if (old->stale_count > BASES_STALE_MAX)
        return delta_find(&old->image, &newest->image, rects);
    return delta_find_within(&old->image, &newest->image, old->stale, old->stale_count, rects);
}

void bases_deinit(struct bases *bases)
{
    for (size_t i = 0; i < BASES_MAX; i++)
        bases_drop(bases, &bases->pictures[i]);
}
