/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waits until the screen is another and has held still for a moment: the recorder's look, in the worker process. What was
 * seen last is kept between calls, so that of a new picture only what differs need be encoded. One thread. */
#ifndef CAPTURE_STILLS_H
#define CAPTURE_STILLS_H

#include "capture/capture.h"

#define STILLS_MASKS_MAX 16

struct stills_options {
    struct capture_options capture;
    int wait_ms;                         /* for the screen to be another; 0: one look */
    int settle_ms;                       /* how long it must hold still then */
    int max_ms;                          /* how long that is waited for */
    const char *shown;                   /* NULL, or the key of what the caller has: it does not want that again */
    const char *base;                    /* NULL, or the hash of the picture that a rectangle would be drawn on */
    struct rect masks[STILLS_MASKS_MAX]; /* of the picture: what does not count */
    size_t mask_count;
};

struct stills;
int stills_new(struct stills **out, struct error *err);

/* Facts: hash, of all pixels; key, the hash with the masks in black; size (WxH); seen-us, when it was first seen so
   (os_boot_clock_ms in microseconds); moving=1, it did not hold still. The file is a PNG of the whole picture, or with the
   fact rect=WxH+X+Y of that rectangle of it, which alone differs from `base`. Or only the fact unchanged=1. */
int stills_wait(struct stills *stills, struct capturer *capturer, const struct stills_options *options,
                struct strlist *facts, struct buffer *file, struct error *err);

#endif
