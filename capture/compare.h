/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares two images of the same size. */
#ifndef CAPTURE_COMPARE_H
#define CAPTURE_COMPARE_H

#include "capture/capture.h"

struct difference {
    uint64_t pixels;
    uint64_t one_step_pixels; /* of these, what differs by one step of 8 bits a channel, as by rounding */
    unsigned steps;           /* the largest difference of a channel, up to 255 */
    struct rect box;          /* the smallest one that holds them all; empty when there is none */
};

void images_compare(const struct image_view *first_image, const struct image_view *second_image,
                    struct difference *out);

/* Adds compare.backend and so on for the candidate that gave second_image, or compare.refused when the images differ in
   size. */
void compare_add_facts(const struct image_view *first_image, const struct image_view *second_image,
                       const struct capture_candidate *candidate, struct strlist *facts);

#endif
