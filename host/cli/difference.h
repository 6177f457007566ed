/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far two pictures differ. Memory in, memory out. */
#ifndef HOST_CLI_DIFFERENCE_H
#define HOST_CLI_DIFFERENCE_H

#include "base/error.h"
#include "picture/image.h"

#include <stdbool.h>

struct difference {
    uint64_t pixels, total; /* that differ, and of the larger width and height; a place in one alone differs */
    uint32_t x, y;          /* of the smallest rectangle that has all of them; 0 when there are none */
    uint32_t width, height;
    uint32_t most; /* that a channel differs by */
    bool same_size;
};

void difference_find(const struct image_view *one, const struct image_view *other, struct difference *out);

/* A picture of it, of the larger width and height, in *pixels (owned by the caller), which *image shows: what is equal, dark
   and grey; what differs, red; what is only in one of them, blue. ERR_NO_MEMORY. */
int difference_draw(const struct image_view *one, const struct image_view *other, uint8_t **pixels,
                    struct image_view *image, struct error *err);

#endif
