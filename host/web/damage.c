/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/damage.h"

#include <stdlib.h>
#include <string.h>

uint32_t damage_tiles(uint32_t pixels)
{
    return (pixels + DAMAGE_TILE - 1) / DAMAGE_TILE;
}

void damage_deinit(struct damage *damage)
{
    free(damage->bits);
    *damage = (struct damage){0};
}

static bool damage_get(const struct damage *damage, uint32_t column, uint32_t row)
{
    size_t tile = (size_t)row * damage->columns + column;
    return damage->bits[tile / 8] >> tile % 8 & 1;
}

static void damage_set(struct damage *damage, size_t tile, bool value)
{
    uint8_t bit = (uint8_t)(1u << tile % 8);
    damage->bits[tile / 8] = (uint8_t)(value ? damage->bits[tile / 8] | bit : damage->bits[tile / 8] & ~bit);
    damage->left += value ? 1 : -1u;
}

static bool damage_make_room(struct damage *damage, size_t tiles)
{
    size_t need = (tiles + 7) / 8;
    if (need > damage->capacity) {
        uint8_t *bits = realloc(damage->bits, need);
        if (!bits)
            return false;
        damage->bits = bits;
        damage->capacity = need;
    }
    memset(damage->bits, 0, need);
    return true;
}

bool damage_take(struct damage *damage, const uint32_t *tiles, uint32_t width, uint32_t height, uint32_t since)
{
    damage->left = 0;
    damage->width = width;
    damage->height = height;
    damage->columns = damage_tiles(width);
    damage->rows = damage_tiles(height);
    size_t count = (size_t)damage->columns * damage->rows;
    if (!damage_make_room(damage, count)) {
        damage->columns = damage->rows = 0;
        return false;
    }
    for (size_t i = 0; i < count; i++)
        if (tiles[i] > since)
            damage_set(damage, i, true);
    return true;
}

void damage_add(struct damage *damage, const struct damage_box *box)
{
    uint32_t bottom = damage_tiles(box->y + box->height), right = damage_tiles(box->x + box->width);
    for (uint32_t row = box->y / DAMAGE_TILE; row < bottom && row < damage->rows; row++)
        for (uint32_t column = box->x / DAMAGE_TILE; column < right && column < damage->columns; column++)
            if (!damage_get(damage, column, row))
                damage_set(damage, (size_t)row * damage->columns + column, true);
}

static bool damage_row_is_set(const struct damage *damage, uint32_t row, uint32_t from, uint32_t to)
{
    for (uint32_t column = from; column < to; column++)
        if (!damage_get(damage, column, row))
            return false;
    return true;
}

/* Finds the first tile that is set, in the order in which one reads. */
static bool damage_first(const struct damage *damage, uint32_t *column, uint32_t *row)
{
    for (*row = 0; *row < damage->rows; ++*row)
        for (*column = 0; *column < damage->columns; ++*column)
            if (damage_get(damage, *column, *row))
                return true;
    return false;
}

static uint32_t damage_least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

bool damage_next(struct damage *damage, struct damage_box *box)
{
    uint32_t from, top;
    if (damage->left == 0 || !damage_first(damage, &from, &top))
        return false;
    uint32_t to = from + 1, bottom = top + 1;
    while (to < damage->columns && damage_get(damage, to, top))
        to++;
    uint32_t rows_most = DAMAGE_BOX_PIXELS / ((to - from) * DAMAGE_TILE * DAMAGE_TILE);
    while (bottom < damage->rows && bottom - top < rows_most && damage_row_is_set(damage, bottom, from, to))
        bottom++;
    for (uint32_t row = top; row < bottom; row++)
        for (uint32_t column = from; column < to; column++)
            damage_set(damage, (size_t)row * damage->columns + column, false);
    box->x = from * DAMAGE_TILE;
    box->y = top * DAMAGE_TILE;
    box->width = damage_least(to * DAMAGE_TILE, damage->width) - box->x;
    box->height = damage_least(bottom * DAMAGE_TILE, damage->height) - box->y;
    return true;
}
