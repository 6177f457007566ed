/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Constants and steps: the xxHash specification ("xxHash fast digest algorithm", XXH64). */
#include "picture/hash.h"

#include "picture/ppm.h"
#include "picture/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PRIME_1 0x9E3779B185EBCA87u
#define PRIME_2 0xC2B2AE3D27D4EB4Fu
#define PRIME_3 0x165667B19E3779F9u
#define PRIME_4 0x85EBCA77C2B2AE63u
#define PRIME_5 0x27D4EB2F165667C5u

#define STRIPE 32 /* bytes: 8 for each lane */

static uint64_t rotate(uint64_t value, int bits)
{
    return value << bits | value >> (64 - bits);
}

/* Loads a little-endian number, as words.h does. */
static uint32_t load_32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static uint64_t mix_lane(uint64_t lane, uint64_t input)
{
    return rotate(lane + input * PRIME_2, 31) * PRIME_1;
}

/* Mixes that many stripes. The lanes stay in registers. */
static __attribute__((noinline)) void mix_stripes(uint64_t lanes[4], const uint8_t *bytes, size_t count)
{
    uint64_t a = lanes[0], b = lanes[1], c = lanes[2], d = lanes[3];
    for (; count > 0; count--, bytes += STRIPE) {
        a = mix_lane(a, load_64(bytes));
        b = mix_lane(b, load_64(bytes + 8));
        c = mix_lane(c, load_64(bytes + 16));
        d = mix_lane(d, load_64(bytes + 24));
    }
    lanes[0] = a;
    lanes[1] = b;
    lanes[2] = c;
    lanes[3] = d;
}

void xxh64_begin(struct xxh64 *hash)
{
    *hash = (struct xxh64){.lanes = {PRIME_1 + PRIME_2, PRIME_2, 0, -PRIME_1}};
}

void xxh64_add(struct xxh64 *hash, const void *bytes, size_t len)
{
    const uint8_t *next = bytes;
    hash->total_len += len;
    if (hash->pending_len > 0) {
        size_t wanted = STRIPE - hash->pending_len, taken = len < wanted ? len : wanted;
        memcpy(hash->pending + hash->pending_len, next, taken);
        hash->pending_len += taken;
        next += taken;
        len -= taken;
        if (hash->pending_len < STRIPE)
            return;
        mix_stripes(hash->lanes, hash->pending, 1);
        hash->pending_len = 0;
    }
    mix_stripes(hash->lanes, next, len / STRIPE);
    next += len / STRIPE * STRIPE;
    len %= STRIPE;
    if (len > 0)
        memcpy(hash->pending, next, len);
    hash->pending_len = len;
}

static uint64_t join_lanes(const uint64_t lanes[4])
{
    uint64_t joined = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);
    for (int i = 0; i < 4; i++)
        joined = (joined ^ mix_lane(0, lanes[i])) * PRIME_1 + PRIME_4;
    return joined;
}

uint64_t xxh64_end(const struct xxh64 *hash)
{
    const uint8_t *next = hash->pending;
    size_t len = hash->pending_len;
    uint64_t value = (hash->total_len >= STRIPE ? join_lanes(hash->lanes) : PRIME_5) + hash->total_len;
    for (; len >= 8; next += 8, len -= 8)
        value = rotate(value ^ mix_lane(0, load_64(next)), 27) * PRIME_1 + PRIME_4;
    for (; len >= 4; next += 4, len -= 4)
        value = rotate(value ^ load_32(next) * PRIME_1, 23) * PRIME_2 + PRIME_3;
    for (; len > 0; next++, len--)
        value = rotate(value ^ *next * PRIME_5, 11) * PRIME_1;
    value = (value ^ value >> 33) * PRIME_2;
    value = (value ^ value >> 29) * PRIME_3;
    return value ^ value >> 32;
}

static void picture_hash_begin(struct xxh64 *hash, const struct image_view *image)
{
    char header[PPM_HEADER_MAX];
    size_t header_len = ppm_header(header, image);
    xxh64_begin(hash);
    xxh64_add(hash, header, header_len);
}

static void picture_hash_row(struct xxh64 *hash, const struct image_view *image, uint32_t y)
{
    xxh64_add(hash, image->pixels + (size_t)y * image->stride, (size_t)image->width * 3);
}

static void picture_hash_end(char text[PICTURE_HASH_SIZE], const struct xxh64 *hash)
{
    snprintf(text, PICTURE_HASH_SIZE, "xxh64:%016" PRIx64, xxh64_end(hash));
}

void picture_hash(char text[PICTURE_HASH_SIZE], const struct image_view *image)
{
    struct xxh64 hash;
    picture_hash_begin(&hash, image);
    for (uint32_t y = 0; y < image->height; y++)
        picture_hash_row(&hash, image, y);
    picture_hash_end(text, &hash);
}

void picture_hash_from(char text[PICTURE_HASH_SIZE], const struct image_view *image, struct xxh64 *states, uint32_t row)
{
    uint32_t step = row / PICTURE_HASH_STEP;
    if (step == 0)
        picture_hash_begin(&states[0], image);
    struct xxh64 hash = states[step];
    for (uint32_t y = step * PICTURE_HASH_STEP; y < image->height; y++) {
        if (y % PICTURE_HASH_STEP == 0)
            states[y / PICTURE_HASH_STEP] = hash;
        picture_hash_row(&hash, image, y);
    }
    picture_hash_end(text, &hash);
}

bool picture_hash_is_valid(const char *text)
{
    return strncmp(text, "xxh64:", 6) == 0 && strlen(text) == PICTURE_HASH_SIZE - 1 &&
           strspn(text + 6, "0123456789abcdef") == 16;
}
