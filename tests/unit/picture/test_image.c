/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/image.h"
#include "tests/unit/check.h"

static void sizes_up_to_the_limits_are_taken(void)
{
    struct error err;
    CHECK_INT(image_check_size("it", 1, 1, &err), 0);
    CHECK_INT(image_check_size("it", 32767, 1, &err), 0);
    CHECK_INT(image_check_size("it", 1, 32767, &err), 0);
    CHECK_INT(image_check_size("it", 16384, 16384, &err), 0);
    CHECK_INT(image_check_size("it", 32767, 8192, &err), 0);
}

static void sizes_beyond_them_are_refused_by_name(void)
{
    static const struct {
        uint64_t width, height;
        const char *text;
    } cases[] = {
        {0, 5, "the screen has 0x5 pixels, which is no picture"},
        {5, 0, "the screen has 5x0 pixels, which is no picture"},
        {32768, 1, "the screen has 32768x1 pixels: the limit is 32767 a side"},
        {1, 32768, "the screen has 1x32768 pixels: the limit is 32767 a side"},
        {UINT64_MAX, UINT64_MAX,
         "the screen has 18446744073709551615x18446744073709551615 pixels: the limit is 32767 a side"},
        {16385, 16384, "the screen has 16385x16384 pixels: the limit of a picture is 268435456 in all"},
        {32767, 32767, "the screen has 32767x32767 pixels: the limit of a picture is 268435456 in all"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err;
        CHECK_INT(image_check_size("the screen", cases[i].width, cases[i].height, &err), ERR_LIMIT);
        CHECK_TEXT(err.text, cases[i].text);
    }
}

int main(void)
{
    RUN(sizes_up_to_the_limits_are_taken);
    RUN(sizes_beyond_them_are_refused_by_name);
    return CHECK_RESULT();
}
