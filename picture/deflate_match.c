/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The search of the level small, in one pass: at each place the pixel before and the last two places whose bytes have the
   same hash are compared, and the longest match is taken. Where nothing was found for long it is searched more seldom. */
#include "picture/deflate_match.h"

#include "picture/deflate_codes.h"

#include <string.h>

#define LEAST_OF_NUMBERS 6 /* bytes of a match; of several pixels' numbers each */
#define LEAST 8            /* of colours' differences, of which shorter ones are as small as literals */
#define FAR_SHORT 512      /* bytes: from further away one byte more is the least */
#define FAR_LONG 8192      /* and another one */
#define PATIENCE 5         /* after 32 literals each second place is looked at, after 64 each third ... */
#define STEP_MAX 32        /* ... and so on to this one */
#define LEARNT_MAX 16      /* places in a match of numbers that are kept */

struct match {
    uint32_t len, distance;
};

/* Returns where the last places are kept of bytes like these. */
WORDS_INLINE uint32_t *bucket_of(const struct deflate_band *band, const uint8_t *bytes, unsigned least)
{
    uint64_t hash = (load_64(bytes) << (64 - 8 * least)) * 0x9e3779b97f4a7c15u >> (64 - DEFLATE_HASH_BITS);
    return band->places + (size_t)hash * DEFLATE_WAYS;
}

WORDS_INLINE void keep_place(uint32_t *bucket, uint32_t place)
{
    bucket[1] = bucket[0];
    bucket[0] = place;
}

WORDS_INLINE uint32_t match_len(const uint8_t *at, const uint8_t *before, uint32_t most)
{
    for (uint32_t len = 0; len < most; len += 8) {
        uint64_t differ = load_64(at + len) ^ load_64(before + len);
        if (differ) {
            len += (uint32_t)__builtin_ctzll(differ) / 8;
            return len < most ? len : most;
        }
    }
    return most;
}

/* Takes the bytes at the distance for the match where they agree for longer. */
WORDS_INLINE void try_distance(struct match *best, const uint8_t *at, uint32_t distance, uint32_t most, unsigned least)
{
    if ((load_64(at) ^ load_64(at - distance)) << (64 - 8 * least))
        return;
    uint32_t len = match_len(at, at - distance, most);
    if (len > best->len && len >= least + (distance > FAR_SHORT) + (distance > FAR_LONG))
        *best = (struct match){len, distance};
}

WORDS_INLINE struct match find_match(const struct deflate_band *band, const uint8_t *at, unsigned least)
{
    struct match best = {0, 0};
    uint32_t place = (uint32_t)(at - band->start), left = (uint32_t)(band->end - at);
    uint32_t most = left < DEFLATE_MATCH_MAX ? left : DEFLATE_MATCH_MAX;
    uint32_t *bucket = bucket_of(band, at, least);
    if (place >= band->distance)
        try_distance(&best, at, band->distance, most, least);
    for (unsigned way = 0; way < DEFLATE_WAYS && best.len < most; way++)
        if (bucket[way] < place && place - bucket[way] <= DEFLATE_DISTANCE_MAX)
            try_distance(&best, at, place - bucket[way], most, least);
    keep_place(bucket, place);
    return best;
}

/* Keeps the places in a match behind its first one, of a long match some. */
static void learn_match(const struct deflate_band *band, const uint8_t *at, uint32_t len, unsigned least)
{
    for (uint32_t i = 1; i < len && i < LEARNT_MAX; i++)
        keep_place(bucket_of(band, at + i, least), (uint32_t)(at + i - band->start));
}

void deflate_find_matches(struct deflate_band *band)
{
    const uint8_t *at = band->start, *literal = at;
    bool numbers = band->distance == 1;
    unsigned least = numbers ? LEAST_OF_NUMBERS : LEAST;
    memset(band->places, 0xff, DEFLATE_PLACES * sizeof *band->places);
    while (at + least <= band->end) {
        struct match found = find_match(band, at, least);
        if (found.len == 0) {
            size_t step = 1 + ((size_t)(at - literal) >> PATIENCE);
            at += step < STEP_MAX ? step : STEP_MAX;
            continue;
        }
        deflate_add_match(band, (size_t)(at - literal), found.len, found.distance);
        if (numbers)
            learn_match(band, at, found.len, least);
        literal = at += found.len;
    }
    band->literals = (size_t)(band->end - literal);
}
