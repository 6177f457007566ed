/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last pictures that were asked for with delta, by their hashes: at most BASES_MAX, and BASES_BYTES_MAX in all. The one that
 * was used longest ago goes first. One thread.
 */
#ifndef CAPTURE_BASES_H
#define CAPTURE_BASES_H

#include "picture/hash.h"
#include "picture/image.h"

#define BASES_MAX 4
#define BASES_BYTES_MAX (64u << 20)

struct base_picture {
    struct image_view image; /* its pixels are owned; NULL: the place is free */
    char hash[PICTURE_HASH_SIZE];
    uint64_t used; /* the number of its last use */
};

struct bases {
    struct base_picture pictures[BASES_MAX];
    uint64_t uses;
};

/* Returns the picture with this hash and the size of `like`, or NULL. It is borrowed until the next call of bases_add(). */
const struct image_view *bases_find(struct bases *bases, const char *hash, const struct image_view *like);
/* Keeps a copy of a picture, unless it is there, is too large, or there is no memory. */
void bases_add(struct bases *bases, const char *hash, const struct image_view *image);
void bases_deinit(struct bases *bases);

#endif
