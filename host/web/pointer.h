/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pointer on a guest's screen, where the agent tells it apart from the picture: its place, and the shapes that it had.
 * A movement is then a few bytes for each viewer, and no picture. Part of struct screen, and under its lock.
 */
#ifndef HOST_WEB_POINTER_H
#define HOST_WEB_POINTER_H

#include "base/error.h"
#include "host/web/blob.h"
#include "host/web/damage.h"
#include "picture/hash.h"

#include <stdbool.h>
#include <stdint.h>

#define SCREEN_SHAPES 32          /* that are kept; the page keeps as many */
#define SCREEN_SHAPE_SIDE 256u    /* pixels: what the agent hands out */
#define SCREEN_PLACE_MOST 1000000 /* pixels from the picture: what is beyond is none */

struct screen_shape {
    uint32_t number; /* of all the gateway's, from 1 on; 0: there is none in this place */
    char hash[PICTURE_HASH_SIZE];
    uint32_t width, height, hot_x, hot_y;
    uint8_t *rgba;    /* owned; the alpha is not multiplied in */
    struct blob *png; /* the same, as a file */
};

struct screen_pointer {
    uint32_t version; /* another number after each change */
    bool shown;
    int32_t x, y;   /* of its hot spot, in the picture */
    unsigned shape; /* which of these; of no meaning when it is not shown */
    struct screen_shape shapes[SCREEN_SHAPES];
    unsigned next_shape;
};

void screen_pointer_deinit(struct screen_pointer *pointer);
/* Takes over what the facts pointer and pointer.hash say; NULL: it is not shown. False when they are malformed, or the shape
   is none of those that are kept. */
bool screen_pointer_take(struct screen_pointer *pointer, const char *place, const char *hash);
/* Finds a kept shape by its hash; negative when there is none. */
int screen_pointer_find(const struct screen_pointer *pointer, const char *hash);
/* Keeps a shape: the agent's file (PAM), and the fact pointer.size. */
bool screen_pointer_add_shape(struct screen_pointer *pointer, const char *hash, const char *size, const uint8_t *file,
                              size_t len);
/* Finds the shape that is shown; NULL when none is. */
const struct screen_shape *screen_pointer_shape(const struct screen_pointer *pointer);
/* Finds what of a picture of that size the pointer covers; false when that is nothing. */
bool screen_pointer_box(const struct screen_pointer *pointer, uint32_t width, uint32_t height, struct damage_box *box);
/* Draws it over rows of RGB without gaps, whose upper left corner is at x, y of the picture. */
void screen_pointer_draw(const struct screen_pointer *pointer, uint8_t *rgb, const struct damage_box *at);

#endif
