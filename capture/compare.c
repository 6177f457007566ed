/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/compare.h"

#include <stdlib.h>
#include <string.h>

/* Returns by how many steps of 8 bits the channels of two pixels differ at most. */
static unsigned compare_pixel(const uint8_t *a, const uint8_t *b)
{
    unsigned most = 0;
    for (int i = 0; i < 3; i++) {
        unsigned steps = (unsigned)abs(a[i] - b[i]);
        most = steps > most ? steps : most;
    }
    return most;
}

/* Counts the pixels of a row that differ, and widens *first and *last to include them. */
static bool compare_row(const uint8_t *a, const uint8_t *b, uint32_t width, uint32_t *first, uint32_t *last,
                        struct difference *out)
{
    if (memcmp(a, b, (size_t)width * 3) == 0)
        return false;
    for (uint32_t x = 0; x < width; x++, a += 3, b += 3) {
        unsigned steps = compare_pixel(a, b);
        if (steps == 0)
            continue;
        *first = x < *first ? x : *first;
        *last = x > *last ? x : *last;
        out->pixels++;
        out->one_step_pixels += steps == 1;
        out->steps = steps > out->steps ? steps : out->steps;
    }
    return true;
}

void images_compare(const struct image_view *first_image, const struct image_view *second_image, struct difference *out)
{
    uint32_t left = UINT32_MAX, right = 0, top = UINT32_MAX, bottom = 0;
    *out = (struct difference){0};
    for (uint32_t y = 0; y < first_image->height; y++) {
        if (!compare_row(first_image->pixels + (size_t)y * first_image->stride,
                         second_image->pixels + (size_t)y * second_image->stride, first_image->width, &left, &right,
                         out))
            continue;
        top = y < top ? y : top;
        bottom = y;
    }
    if (out->pixels > 0)
        out->box = (struct rect){(int32_t)left, (int32_t)top, right - left + 1, bottom - top + 1};
}

void compare_add_facts(const struct image_view *first_image, const struct image_view *second_image,
                       const struct capture_candidate *candidate, struct strlist *facts)
{
    struct difference difference;
    const struct rect *box = &difference.box;
    if (first_image->width != second_image->width || first_image->height != second_image->height) {
        strlist_addf(facts, "compare.refused=%s: its picture has %ux%u pixels, not %ux%u", candidate->backend,
                     second_image->width, second_image->height, first_image->width, first_image->height);
        return;
    }
    images_compare(first_image, second_image, &difference);
    strlist_addf(facts, "compare.backend=%s", candidate->backend);
    if (*candidate->source)
        strlist_addf(facts, "compare.source=%s", candidate->source);
    strlist_addf(facts, "compare.pixels=%llu", (unsigned long long)difference.pixels);
    if (difference.pixels == 0)
        return;
    strlist_addf(facts, "compare.one-step=%llu", (unsigned long long)difference.one_step_pixels);
    strlist_addf(facts, "compare.steps=%u", difference.steps);
    strlist_addf(facts, "compare.box=%ux%u%+d%+d", box->width, box->height, box->x, box->y);
}
