/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/keys.h"

#include <string.h>

const struct key all_keys[] = {
#define KEY(code, evdev, scan) {#code, evdev, scan},
#include "base/keys.def"
#undef KEY
};

const size_t all_keys_count = sizeof all_keys / sizeof all_keys[0];

const struct key *key_find(const char *code, size_t len)
{
    for (size_t i = 0; i < all_keys_count; i++)
        if (strlen(all_keys[i].code) == len && memcmp(all_keys[i].code, code, len) == 0)
            return &all_keys[i];
    return NULL;
}
