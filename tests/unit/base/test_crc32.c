/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/crc32.h"
#include "tests/unit/check.h"

#include <zlib.h>

static void published_value(void)
{
    CHECK(crc32_of("123456789", 9) == 0xcbf43926);
    CHECK(crc32_of("", 0) == 0);
}

static void agrees_with_zlib(void)
{
    uint8_t bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 151 >> 2);
    for (size_t len = 0; len <= sizeof bytes; len++)
        CHECK(crc32_of(bytes, len) == crc32(0, bytes, (uInt)len));
}

int main(void)
{
    RUN(published_value);
    RUN(agrees_with_zlib);
    return CHECK_RESULT();
}
