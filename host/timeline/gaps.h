/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which spans of a time axis are folded, since nothing happened in them. Pure. */
#ifndef HOST_TIMELINE_GAPS_H
#define HOST_TIMELINE_GAPS_H

#include <stddef.h>
#include <stdint.h>

#define GAPS_MAX 200
#define GAP_LEAST_US 5000000 /* a shorter span is never folded */

struct gap {
    int64_t from_us, to_us; /* the moments before and after it */
};

/* Finds the gaps between `count` moments, which must be in order: spans that are longer than a twentieth of the axis once
   all of them are folded. Returns their number, of at most GAPS_MAX; gaps are in order. */
size_t gaps_find(struct gap gaps[GAPS_MAX], const int64_t *moments_us, size_t count);

#endif
