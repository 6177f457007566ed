/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mouse pointer as facts, for who draws it itself on a picture without it. */
#ifndef CAPTURE_POINTER_H
#define CAPTURE_POINTER_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/strlist.h"

#include <stdbool.h>
#include <stdint.h>

#define POINTER_UNKNOWN "unknown" /* for who compares the facts, when there are none */
#define POINTER_SIDE_MAX 256      /* pixels of a shape that is handed out */

struct pointer {
    int32_t x, y;         /* of its hot spot, in the picture */
    int32_t hot_x, hot_y; /* in the shape */
    uint32_t width, height;
    const uint8_t *rgba; /* borrowed; the alpha is not multiplied in */
};

/* Adds pointer, pointer.hash and pointer.size; and, where it is asked for, the pixels in a form that pointer_take_shape()
   understands. */
void pointer_add_facts(const struct pointer *pointer, bool shape, struct strlist *facts);

/* Finds the pixels from what a shape makes of black and of white. Those that invert the screen become opaque. */
void pointer_from_drawings(uint8_t *rgba, const uint8_t *on_black, const uint8_t *on_white, size_t count);

/* Takes the pixels out of the facts, which may say anything, and writes them as a PAM file if `file` is not NULL. Without them
   the file stays empty. */
int pointer_take_shape(struct strlist *facts, struct buffer *file, struct error *err);

#endif
