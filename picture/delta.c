/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/delta.h"

#include <string.h>

#define PIXEL_SIZE 3u /* bytes */
#define COLUMNS_MAX (IMAGE_SIZE_MAX / DELTA_TILE + 1)

struct delta {
    const struct image_view *old, *new;
    struct delta_rect *rects;
    size_t count;
    bool marks[COLUMNS_MAX];
};

static const uint8_t *delta_row(const struct image_view *image, uint32_t x, uint32_t y)
{
    return image->pixels + (size_t)y * image->stride + (size_t)x * PIXEL_SIZE;
}

static bool delta_differs(const struct delta *delta, uint32_t x, uint32_t y, uint32_t width)
{
    return memcmp(delta_row(delta->old, x, y), delta_row(delta->new, x, y), (size_t)width * PIXEL_SIZE) != 0;
}

static uint32_t delta_least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t delta_most(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* Marks the tiles that differ in a part of a row of pixels. */
static void delta_mark(struct delta *delta, const struct delta_rect *part, uint32_t y)
{
    uint32_t end = part->x + part->width;
    for (uint32_t x = part->x, i = x / DELTA_TILE; x < end; x = ++i * DELTA_TILE)
        if (!delta->marks[i])
            delta->marks[i] = delta_differs(delta, x, y, delta_least((i + 1) * DELTA_TILE, end) - x);
}

/* Marks those of a row of tiles that differ within a rectangle. */
static void delta_mark_within(struct delta *delta, uint32_t top, uint32_t height, const struct delta_rect *part)
{
    uint32_t end = delta_least(top + height, part->y + part->height);
    for (uint32_t y = delta_most(top, part->y); y < end; y++)
        if (delta_differs(delta, part->x, y, part->width))
            delta_mark(delta, part, y);
}

/* ---- rectangles ---- */

static bool delta_row_differs(const struct delta *delta, const struct delta_rect *rect, uint32_t y)
{
    return delta_differs(delta, rect->x, y, rect->width);
}

static bool delta_column_differs(const struct delta *delta, const struct delta_rect *rect, uint32_t x)
{
    for (uint32_t y = rect->y; y < rect->y + rect->height; y++)
        if (delta_differs(delta, x, y, 1))
            return true;
    return false;
}

/* Takes away from each side what does not differ. At least a pixel stays, also where who shares the new picture's memory
   changes it meanwhile. */
static void delta_shrink(const struct delta *delta, struct delta_rect *rect)
{
    for (; rect->height > 1 && !delta_row_differs(delta, rect, rect->y); rect->height--)
        rect->y++;
    while (rect->height > 1 && !delta_row_differs(delta, rect, rect->y + rect->height - 1))
        rect->height--;
    for (; rect->width > 1 && !delta_column_differs(delta, rect, rect->x); rect->width--)
        rect->x++;
    while (rect->width > 1 && !delta_column_differs(delta, rect, rect->x + rect->width - 1))
        rect->width--;
}

/* Continues the rectangle above with the same columns, or begins one. Returns false when there are too many. */
static bool delta_add_run(struct delta *delta, const struct delta_rect *run)
{
    for (size_t i = 0; i < delta->count; i++) {
        struct delta_rect *rect = &delta->rects[i];
        if (rect->x == run->x && rect->width == run->width && rect->y + rect->height == run->y) {
            rect->height += run->height;
            return true;
        }
    }
    if (delta->count == DELTA_RECTS_MAX)
        return false;
    delta->rects[delta->count++] = *run;
    return true;
}

/* Adds the runs of marked tiles of a row of them. */
static bool delta_add_runs(struct delta *delta, uint32_t y, uint32_t height)
{
    uint32_t width = delta->new->width, count = (width + DELTA_TILE - 1) / DELTA_TILE;
    for (uint32_t i = 0, end; i < count; i = end + 1) {
        for (end = i; end < count && delta->marks[end]; end++)
            ;
        struct delta_rect run = {i * DELTA_TILE, y, delta_least(end * DELTA_TILE, width) - i * DELTA_TILE, height};
        if (end > i && !delta_add_run(delta, &run))
            return false;
    }
    return true;
}

size_t delta_find_within(const struct image_view *old, const struct image_view *new, const struct delta_rect *within,
                         size_t within_count, struct delta_rect rects[DELTA_RECTS_MAX])
{
    struct delta delta = {.old = old, .new = new, .rects = rects};
    for (uint32_t y = 0; y < new->height; y += DELTA_TILE) {
        uint32_t height = delta_least(DELTA_TILE, new->height - y);
        memset(delta.marks, 0, sizeof delta.marks);
        for (size_t i = 0; i < within_count; i++)
            delta_mark_within(&delta, y, height, &within[i]);
        if (!delta_add_runs(&delta, y, height))
            return DELTA_RECTS_MAX + 1;
    }
    for (size_t i = 0; i < delta.count; i++)
        delta_shrink(&delta, &rects[i]);
    return delta.count;
}

size_t delta_find(const struct image_view *old, const struct image_view *new, struct delta_rect rects[DELTA_RECTS_MAX])
{
    struct delta_rect whole = {0, 0, new->width, new->height};
    return delta_find_within(old, new, &whole, 1, rects);
}
