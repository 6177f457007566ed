/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys by their place on a keyboard: base/keys.def has them. */
#ifndef BASE_KEYS_H
#define BASE_KEYS_H

#include <stddef.h>
#include <stdint.h>

struct key {
    const char *code; /* "KeyA" */
    uint16_t evdev;
    uint16_t scan; /* of set 1; 0xe000 is its prefix E0 */
};

extern const struct key all_keys[];
extern const size_t all_keys_count;

/* Returns the key of that code, of `len` bytes, or NULL. */
const struct key *key_find(const char *code, size_t len);

#endif
