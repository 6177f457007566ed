/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/difference.h"
#include "tests/unit/check.h"

#include <stdlib.h>

static struct image_view view(const uint8_t *pixels, uint32_t width, uint32_t height)
{
    return (struct image_view){pixels, width, height, width * 3, PIXEL_RGB24};
}

static void equal_pictures_have_no_difference(void)
{
    static const uint8_t pixels[] = {1, 2, 3, 4, 5, 6};
    struct image_view one = view(pixels, 2, 1), other = view(pixels, 2, 1);
    struct difference d;
    difference_find(&one, &other, &d);
    CHECK_INT(d.pixels, 0);
    CHECK_INT(d.total, 2);
    CHECK_INT(d.most, 0);
    CHECK(d.same_size);
}

static void pixels_that_differ_have_a_rectangle(void)
{
    static const uint8_t first[3 * 4 * 3];
    uint8_t second[sizeof first] = {0};
    second[(1 * 3 + 1) * 3 + 2] = 7; /* 1,1 */
    second[(2 * 3 + 2) * 3] = 9;     /* 2,2 */
    struct image_view one = view(first, 3, 4), other = view(second, 3, 4);
    struct difference d;
    difference_find(&one, &other, &d);
    CHECK_INT(d.pixels, 2);
    CHECK_INT(d.total, 12);
    CHECK_INT(d.most, 9);
    CHECK(d.x == 1 && d.y == 1 && d.width == 2 && d.height == 2);
    CHECK(d.same_size);
}

static void pixels_of_one_picture_alone_differ(void)
{
    static const uint8_t pixels[6];
    struct image_view wide = view(pixels, 2, 1), high = view(pixels, 1, 2);
    struct difference d;
    difference_find(&wide, &high, &d);
    CHECK_INT(d.total, 4);
    CHECK_INT(d.pixels, 3); /* one of them is in neither */
    CHECK_INT(d.most, 0);
    CHECK(d.x == 0 && d.y == 0 && d.width == 2 && d.height == 2);
    CHECK(!d.same_size);
}

static void the_drawing_shows_each_kind(void)
{
    static const uint8_t first[] = {120, 120, 120, 0, 0, 0, 9, 9, 9}, second[] = {120, 120, 120, 1, 0, 0};
    static const uint8_t want[] = {30, 30, 30, 255, 0, 0, 0, 0, 255};
    struct image_view one = view(first, 3, 1), other = view(second, 2, 1), image;
    uint8_t *pixels;
    CHECK_INT(difference_draw(&one, &other, &pixels, &image, NULL), 0);
    CHECK(image.width == 3 && image.height == 1 && memcmp(pixels, want, sizeof want) == 0);
    free(pixels);
}

static void a_drawing_beyond_the_limit_of_a_picture(void)
{
    static const uint8_t line[3 * IMAGE_SIZE_MAX];
    struct image_view wide = view(line, IMAGE_SIZE_MAX, 1), high = view(line, 1, IMAGE_SIZE_MAX), image;
    uint8_t *pixels;
    CHECK_INT(difference_draw(&wide, &high, &pixels, &image, NULL), ERR_LIMIT);
    CHECK(pixels == NULL);
}

int main(void)
{
    RUN(equal_pictures_have_no_difference);
    RUN(pixels_that_differ_have_a_rectangle);
    RUN(pixels_of_one_picture_alone_differ);
    RUN(the_drawing_shows_each_kind);
    RUN(a_drawing_beyond_the_limit_of_a_picture);
    return CHECK_RESULT();
}
