/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a recording has on the disk, and which of it may be dropped. Memory alone. */
#ifndef AGENT_RECORD_STORED_H
#define AGENT_RECORD_STORED_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORED_KEY_SIZE 23 /* bytes of a hash with its NUL: picture/hash.h */
#define STORED_WINDOW 64   /* different pictures that are known again */

struct stored_picture {
    uint32_t number, base; /* base 0: a whole picture */
    uint64_t bytes;
    bool pinned; /* never dropped */
};

struct stored_key {
    uint32_t number; /* 0: none */
    char key[STORED_KEY_SIZE];
};

struct stored {
    struct stored_picture *items; /* owned; by number */
    size_t count, capacity;
    uint64_t bytes;                          /* of all */
    uint32_t shown;                          /* what the screen shows, or showed last; 0: nothing yet */
    struct stored_key whole;                 /* the last whole picture, with its hash: what parts are drawn on */
    struct stored_key window[STORED_WINDOW]; /* a ring */
    unsigned next;                           /* place in it */
};

void stored_deinit(struct stored *stored);
/* Returns the number of the picture with this key, or 0. */
uint32_t stored_find(const struct stored *stored, const char *key);
/* Adds a picture, which is the one that is shown then. Its number is the highest. Returns false without memory. */
bool stored_add(struct stored *stored, const struct stored_picture *picture, const char *key, const char *hash);
/* Never drops what is shown, from here on. */
void stored_pin(struct stored *stored);
/* Returns the oldest picture that may be dropped, or NULL. */
const struct stored_picture *stored_oldest(const struct stored *stored);
void stored_drop(struct stored *stored, uint32_t number);

/* Appends all, as lines that begin with a letter and a blank; stored_restore() takes one into a zeroed one. It returns false for
   one that it does not know, or without memory. */
void stored_save(const struct stored *stored, struct buffer *out, const char *before);
bool stored_restore(struct stored *stored, const char *line);

#endif
