/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which tiles of a screen a viewer lacks, and the rectangles in which they are sent. Pure. */
#ifndef HOST_WEB_DAMAGE_H
#define HOST_WEB_DAMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DAMAGE_TILE 64u              /* pixels a side */
#define DAMAGE_BOX_PIXELS (1u << 18) /* of a rectangle; a single row of tiles may have more */

struct damage_box {
    uint32_t x, y, width, height; /* pixels */
};

/* A bit for each tile of a picture. */
struct damage {
    uint8_t *bits; /* owned */
    size_t capacity;
    uint32_t width, height; /* of the picture, in pixels */
    uint32_t columns, rows;
    uint32_t left; /* tiles that are set */
};

uint32_t damage_tiles(uint32_t pixels); /* how many tiles cover so many pixels */
void damage_deinit(struct damage *damage);
/* Takes what is newer than a generation: tiles has one for each tile. False without memory; then nothing is set. */
bool damage_take(struct damage *damage, const uint32_t *tiles, uint32_t width, uint32_t height, uint32_t since);
/* Adds what a rectangle of that picture touches. */
void damage_add(struct damage *damage, const struct damage_box *box);
/* Takes out the next rectangle, within the picture. False when none is left. */
bool damage_next(struct damage *damage, struct damage_box *box);

#endif
