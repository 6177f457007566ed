/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Buffers: their limits, and those that need no memory. */
#include "tests/unit/check.h"

#include "base/buffer.h"

static void fixed_storage_is_filled_and_never_left(void)
{
    char storage[8];
    struct buffer b;
    buffer_init_fixed(&b, storage, sizeof storage);
    CHECK(buffer_append(&b, "12345", 5));
    CHECK(buffer_append(&b, "678", 3));
    CHECK((char *)b.data == storage && b.len == 8 && !b.failed);
    CHECK(memcmp(storage, "12345678", 8) == 0);
    CHECK(!buffer_append(&b, "9", 1));
    CHECK((char *)b.data == storage && b.len == 8 && b.failed);
    buffer_clear(&b);
    CHECK(buffer_append(&b, "again", 5));
    CHECK(memcmp(storage, "again678", 8) == 0);
}

static void what_is_reserved_stays_in_place(void)
{
    struct buffer b;
    buffer_init(&b, 100);
    CHECK(buffer_reserve(&b, 60));
    CHECK_INT(b.len, 0);
    const uint8_t *place = b.data;
    for (int i = 0; i < 60; i++)
        CHECK(buffer_append(&b, "x", 1));
    CHECK(b.data == place);
    CHECK(!buffer_reserve(&b, 41) && b.failed); /* beyond its limit */
    buffer_deinit(&b);
}

int main(void)
{
    RUN(fixed_storage_is_filled_and_never_left);
    RUN(what_is_reserved_stays_in_place);
    return CHECK_RESULT();
}
