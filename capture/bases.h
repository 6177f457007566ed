/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last pictures that were asked for with delta, by their hashes: at most BASES_MAX, and BASES_BYTES_MAX in all. The one that
 * was used longest ago goes first. One thread.
 */
#ifndef CAPTURE_BASES_H
#define CAPTURE_BASES_H

#include "picture/delta.h"
#include "picture/hash.h"

#define BASES_MAX 4
#define BASES_BYTES_MAX (64u << 20)

#define BASES_STALE_MAX 64 /* rectangles */
#define BASES_STALE_ALL (BASES_STALE_MAX + 1)

struct base_picture {
    struct image_view image;      /* its pixels are owned; NULL: the place is free */
    char hash[PICTURE_HASH_SIZE]; /* "": none can be referred to here, and there is memory for the next one */
    uint64_t used;                /* the number of its last use */
    struct xxh64 *states;         /* owned: of picture_hash_from(); NULL: unknown */
    /* Where it differs from the newest, if anywhere; BASES_STALE_ALL: that is not known. */
    struct delta_rect stale[BASES_STALE_MAX];
    size_t stale_count;
};

struct bases {
    struct base_picture pictures[BASES_MAX];
    uint64_t uses;
    const struct base_picture *newest; /* of a source that numbers its pictures; NULL: none */
    uint64_t number;                   /* its number there */
};

/* A picture that a source has numbered. */
struct base_news {
    struct image_view image;
    uint64_t number;
    const struct delta_rect *rects; /* what may differ from bases->newest; NULL: that is not known */
    size_t count;
};

/* Returns the picture with this hash and the size of `like`, or NULL. It is borrowed until the next call of bases_add(). */
const struct image_view *bases_find(struct bases *bases, const char *hash, const struct image_view *like);
/* Keeps a copy of a picture, unless it is there, is too large, or there is no memory. */
void bases_add(struct bases *bases, const char *hash, const struct image_view *image);

/* Copies a picture, or what it has of new, and hashes the copy, whoever changes the image meanwhile: bases->newest is then
   this one, or is still the last one where the pixels are the same. The picture with the hash `keep` stays (NULL: none is
   to). Returns NULL where it is too large, or there is no memory. */
const struct base_picture *bases_follow(struct bases *bases, const struct base_news *news, const char *keep);
/* Finds where bases->newest differs from the picture with this hash, as delta_find() does; 0: that is not kept. */
size_t bases_delta(struct bases *bases, const char *hash, struct delta_rect rects[DELTA_RECTS_MAX]);
void bases_deinit(struct bases *bases);

#endif
