/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/compare.h"

#include <string.h>

/* Counts the pixels of a row that differ, and widens *first and *last to include them. */
static uint64_t compare_row(const uint8_t *a, const uint8_t *b, uint32_t width, uint32_t *first, uint32_t *last)
{
    uint64_t count = 0;
    if (memcmp(a, b, (size_t)width * 3) == 0)
        return 0;
    for (uint32_t x = 0; x < width; x++, a += 3, b += 3) {
        if (memcmp(a, b, 3) == 0)
            continue;
        *first = x < *first ? x : *first;
        *last = x > *last ? x : *last;
        count++;
    }
    return count;
}

void images_compare(const struct image_view *first_image, const struct image_view *second_image, struct difference *out)
{
    uint32_t left = UINT32_MAX, right = 0, top = UINT32_MAX, bottom = 0;
    *out = (struct difference){0};
    for (uint32_t y = 0; y < first_image->height; y++) {
        uint64_t count =
            compare_row(first_image->pixels + (size_t)y * first_image->stride,
                        second_image->pixels + (size_t)y * second_image->stride, first_image->width, &left, &right);
        if (count == 0)
            continue;
        top = y < top ? y : top;
        bottom = y;
        out->pixels += count;
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
    if (difference.pixels > 0)
        strlist_addf(facts, "compare.box=%ux%u%+d%+d", box->width, box->height, box->x, box->y);
}
