/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/timeline/gaps.h"

#define SHARE 20  /* a span longer than this part of the axis is folded */
#define ROUNDS 64 /* the bound at least halves, or stays */

/* Sums up the spans, each one counted as `most_us` at most. */
static int64_t gaps_total(const int64_t *moments_us, size_t count, int64_t most_us)
{
    int64_t total = 0;
    for (size_t i = 1; i < count; i++) {
        int64_t span = moments_us[i] - moments_us[i - 1];
        total += span < most_us ? span : most_us;
    }
    return total;
}

static size_t gaps_count(const int64_t *moments_us, size_t count, int64_t most_us)
{
    size_t found = 0;
    for (size_t i = 1; i < count; i++)
        found += moments_us[i] - moments_us[i - 1] > most_us;
    return found;
}

/* Returns how long a span may be: as long as its share of what is left of the axis when longer ones are folded. */
static int64_t gaps_bound(const int64_t *moments_us, size_t count)
{
    int64_t most_us = INT64_MAX;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t next_us = gaps_total(moments_us, count, most_us) / SHARE;
        if (next_us < GAP_LEAST_US)
            next_us = GAP_LEAST_US;
        if (next_us >= most_us)
            break;
        most_us = next_us;
    }
    while (gaps_count(moments_us, count, most_us) > GAPS_MAX)
        most_us += most_us / 4;
    return most_us;
}

size_t gaps_find(struct gap gaps[GAPS_MAX], const int64_t *moments_us, size_t count)
{
    size_t found = 0;
    int64_t most_us = gaps_bound(moments_us, count);
    for (size_t i = 1; i < count && found < GAPS_MAX; i++)
        if (moments_us[i] - moments_us[i - 1] > most_us)
            gaps[found++] = (struct gap){moments_us[i - 1], moments_us[i]};
    return found;
}
