/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/metrics.h"

const double metrics_screenshot_s[METRICS_BUCKETS - 1] = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};
const double metrics_boot_s[METRICS_BUCKETS - 1] = {2, 5, 10, 20, 40, 60, 120, 300, 600};

void histogram_add(struct histogram *histogram, const double *bounds_s, int64_t ms)
{
    int bucket = 0;
    while (bucket < METRICS_BUCKETS - 1 && (double)ms > bounds_s[bucket] * 1000)
        bucket++;
    atomic_fetch_add(&histogram->counts[bucket], 1);
    atomic_fetch_add(&histogram->sum_ms, ms > 0 ? (unsigned long long)ms : 0);
}
