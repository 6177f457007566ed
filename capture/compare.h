/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far two images of one size differ. */
#ifndef CAPTURE_COMPARE_H
#define CAPTURE_COMPARE_H

#include "capture/capture.h"

struct difference {
    uint64_t pixels;
    struct rect box; /* the least that holds them all; of no size when there is none */
};

void images_compare(const struct image_view *first_image, const struct image_view *second_image,
                    struct difference *out);

/* compare.backend and so on, of what `other` is a picture of; or compare.refused when they have not one size. */
void compare_add_facts(const struct image_view *first_image, const struct image_view *second_image,
                       const struct capture_candidate *candidate, struct strlist *facts);

#endif
