/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes what the screen showed as an animated PNG (PNG specification, third edition: acTL, fcTL, fdAT). */
#ifndef HOST_TIMELINE_APNG_H
#define HOST_TIMELINE_APNG_H

#include "host/timeline/result.h"

#define APNG_SIZE_MAX (100u << 20) /* bytes */
#define APNG_FRAMES_MAX 1000
#define APNG_DELAY_MAX_MS 2000 /* a screen that stands still is shown so long */
#define APNG_DELAY_MIN_MS 20

/* Appends the file. Each frame is the rectangle that differs from the one before. ERR_UNAVAILABLE when there is no picture,
   ERR_LIMIT for more frames, or where it does not fit. */
int apng_write(struct buffer *out, const struct result *result, size_t *frames, struct error *err);

#endif
