/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/check.h"

#include "picture/hash.h"
#include "picture/ppm.h"

#include <stdlib.h>

static uint64_t hash_of(const void *bytes, size_t len)
{
    struct xxh64 hash;
    xxh64_begin(&hash);
    xxh64_add(&hash, bytes, len);
    return xxh64_end(&hash);
}

static void xxh64_gives_the_published_values(void)
{
    /* xxHash's own sanity check: these lengths of these bytes, seed 0. */
    static const struct {
        size_t len;
        uint64_t hash;
    } vectors[] = {{0, 0xEF46DB3751D8E999u},
                   {1, 0x4FCE394CC88952D8u},
                   {4, 0x9256E58AA397AEF1u},
                   {14, 0xCFFA8DB881BC3A3Du},
                   {222, 0x9DD507880DEBB03Du}};
    uint8_t bytes[222];
    uint32_t generator = 2654435761u;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(generator >> 24);
        generator *= generator;
    }
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        CHECK(hash_of(bytes, vectors[i].len) == vectors[i].hash);
    CHECK(hash_of("a", 1) == 0xD24EC4F1A98C6E5Bu);
    CHECK(hash_of("abc", 3) == 0x44BC2CF5AD770999u);
    CHECK(hash_of("The quick brown fox jumps over the lazy dog", 43) == 0x0B242D361FDA71BCu);
}

static void xxh64_does_not_depend_on_the_pieces(void)
{
    uint8_t bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * i >> 3);
    for (size_t step = 1; step < 100; step++) {
        struct xxh64 hash;
        xxh64_begin(&hash);
        for (size_t at = 0; at < sizeof bytes; at += step)
            xxh64_add(&hash, bytes + at, sizeof bytes - at < step ? sizeof bytes - at : step);
        CHECK(xxh64_end(&hash) == hash_of(bytes, sizeof bytes));
    }
}

static void a_picture_is_hashed_as_its_ppm(void)
{
    uint8_t pixels[7 * 11];
    char text[PICTURE_HASH_SIZE], want[PICTURE_HASH_SIZE];
    struct image_view image = {pixels, 3, 7, 11, PIXEL_RGB24}; /* two bytes of padding a row */
    struct buffer file;
    struct error err;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 37);
    buffer_init(&file, 1000);
    CHECK_INT(ppm_encode(&file, &image, &err), 0);
    CHECK_INT(file.len, strlen("P6\n3 7\n255\n") + 3 * 7 * 3);
    CHECK(memcmp(file.data, "P6\n3 7\n255\n", 11) == 0);
    CHECK(memcmp(file.data + 11 + 9, pixels + 11, 9) == 0);
    picture_hash(text, &image);
    snprintf(want, sizeof want, "xxh64:%016llx", (unsigned long long)hash_of(file.data, file.len));
    CHECK_TEXT(text, want);
    CHECK(picture_hash_is_valid(text));
    buffer_deinit(&file);
}

static void dimensions_and_every_byte_count(void)
{
    uint8_t pixels[36] = {0};
    struct image_view wide = {pixels, 4, 3, 12, PIXEL_RGB24}, high = {pixels, 3, 4, 9, PIXEL_RGB24};
    char a[PICTURE_HASH_SIZE], b[PICTURE_HASH_SIZE];
    picture_hash(a, &wide);
    picture_hash(b, &high);
    CHECK(strcmp(a, b) != 0);
    for (size_t i = 0; i < sizeof pixels; i++) {
        pixels[i] = 1;
        picture_hash(b, &wide);
        CHECK(strcmp(a, b) != 0);
        pixels[i] = 0;
    }
}

static void only_whole_hashes_are_valid(void)
{
    CHECK(picture_hash_is_valid("xxh64:0123456789abcdef"));
    CHECK(!picture_hash_is_valid(""));
    CHECK(!picture_hash_is_valid("0123456789abcdef"));
    CHECK(!picture_hash_is_valid("xxh64:0123456789abcde"));
    CHECK(!picture_hash_is_valid("xxh64:0123456789abcdef0"));
    CHECK(!picture_hash_is_valid("xxh64:0123456789ABCDEF"));
    CHECK(!picture_hash_is_valid("xxh32:0123456789abcdef"));
}

static void a_ppm_too_large_is_refused(void)
{
    uint8_t pixels[300] = {0};
    struct image_view image = {pixels, 10, 10, 30, PIXEL_RGB24};
    struct buffer file;
    struct error err;
    buffer_init(&file, 200);
    CHECK_INT(ppm_encode(&file, &image, &err), ERR_LIMIT);
    buffer_deinit(&file);
}

int main(void)
{
    RUN(xxh64_gives_the_published_values);
    RUN(xxh64_does_not_depend_on_the_pieces);
    RUN(a_picture_is_hashed_as_its_ppm);
    RUN(dimensions_and_every_byte_count);
    RUN(only_whole_hashes_are_valid);
    RUN(a_ppm_too_large_is_refused);
    return CHECK_RESULT();
}
