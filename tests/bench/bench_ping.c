/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The round trip of a ping, through libperiscope on one connection.
 *
 * usage: bench_ping HOST PORT [COUNT]        prints "median-us p99-us max-us count"
 */
#include "host/periscope.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define WARM_UP_COUNT 100
#define COUNT_DEFAULT 5000
#define COUNT_MAX 1000000

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static int measure(struct periscope *p, double *times, size_t count)
{
    for (size_t i = 0; i < WARM_UP_COUNT; i++)
        if (periscope_ping(p) != PERISCOPE_OK)
            return 1;
    for (size_t i = 0; i < count; i++) {
        double start = now_us();
        if (periscope_ping(p) != PERISCOPE_OK)
            return 1;
        times[i] = now_us() - start;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: bench_ping HOST PORT [COUNT]\n");
        return 2;
    }
    unsigned long port = strtoul(argv[2], NULL, 10), count = argc > 3 ? strtoul(argv[3], NULL, 10) : COUNT_DEFAULT;
    if (count < 1 || count > COUNT_MAX)
        return 2;
    struct periscope *p = periscope_new(argv[1], (unsigned)port);
    double *times = calloc(count, sizeof(*times));
    int result = !p || !times || measure(p, times, count);
    if (result) {
        fprintf(stderr, "bench_ping: %s\n", p ? periscope_error_text(p) : "no memory");
    } else {
        qsort(times, count, sizeof(*times), compare);
        printf("%.1f %.1f %.1f %lu\n", times[count / 2], times[count * 99 / 100], times[count - 1], count);
    }
    free(times);
    periscope_free(p);
    return result;
}
