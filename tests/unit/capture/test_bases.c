/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/bases.h"
#include "capture/pointer.h"
#include "tests/unit/check.h"

static struct bases bases;

static struct image_view view(uint8_t *pixels, uint32_t width, uint32_t height)
{
    return (struct image_view){pixels, width, height, width * 3, PIXEL_RGB24};
}

static void copy_is_kept_until_four_others_were_used(void)
{
    uint8_t pixels[12];
    struct image_view image = view(pixels, 2, 2);
    char hash[] = "xxh64:000000000000000a";
    for (int i = 0; i < 6; i++) {
        memset(pixels, i, sizeof pixels);
        hash[21] = (char)('a' + i);
        bases_add(&bases, hash, &image);
        CHECK(i == 5 || bases_find(&bases, "xxh64:000000000000000a", &image)); /* which uses it */
    }
    CHECK(!bases_find(&bases, "xxh64:000000000000000b", &image));
    CHECK(!bases_find(&bases, "xxh64:000000000000000c", &image));
    const struct image_view *first = bases_find(&bases, "xxh64:000000000000000a", &image);
    CHECK(first && first->pixels[11] == 0);
    CHECK(!bases_find(&bases, "xxh64:000000000000000a", &(struct image_view){.width = 4, .height = 1}));
    bases_deinit(&bases);
}

static void all_pictures_stay_within_the_bound(void)
{
    uint8_t *pixels = calloc(1, BASES_BYTES_MAX + 3);
    uint32_t third = BASES_BYTES_MAX / 9;
    struct image_view image = view(pixels, 1, third), large = view(pixels, 1, BASES_BYTES_MAX / 3 + 1);
    bases_add(&bases, "1", &image);
    bases_add(&bases, "2", &image);
    bases_add(&bases, "3", &image);
    CHECK(bases_find(&bases, "1", &image));
    bases_add(&bases, "4", &image);
    CHECK(!bases_find(&bases, "2", &image));
    CHECK(bases_find(&bases, "1", &image) && bases_find(&bases, "3", &image) && bases_find(&bases, "4", &image));
    bases_add(&bases, "5", &large);
    CHECK(!bases_find(&bases, "5", &large));
    CHECK(bases_find(&bases, "1", &image));
    bases_deinit(&bases);
    free(pixels);
}

/* ---- the pointer's shape, which comes as a fact ---- */

static struct buffer file;

static int take(const char *fact)
{
    struct strlist facts = {0};
    struct error err = {0};
    buffer_deinit(&file);
    buffer_init(&file, 1u << 20);
    strlist_add(&facts, "backend=x11");
    strlist_add(&facts, fact);
    strlist_add(&facts, "output=all");
    int status = pointer_take_shape(&facts, &file, &err);
    CHECK_INT(facts.count, 2);
    CHECK_TEXT(facts.items[1], "output=all");
    strlist_deinit(&facts);
    return status;
}

static void shape_becomes_a_file(void)
{
    static const char head[] = "P7\nWIDTH 2\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n";
    uint8_t pixels[] = {1, 2, 3, 4, 250, 251, 252, 253};
    struct pointer pointer = {5, -6, 1, 0, 2, 1, pixels};
    struct strlist facts = {0};
    pointer_add_facts(&pointer, true, &facts);
    CHECK_TEXT(facts.items[0], "pointer=5,-6");
    CHECK_TEXT(facts.items[2], "pointer.size=2x1+1+0");
    CHECK_INT(take(facts.items[3]), 0);
    CHECK(file.len == sizeof head - 1 + sizeof pixels && memcmp(file.data, head, sizeof head - 1) == 0 &&
          memcmp(file.data + sizeof head - 1, pixels, sizeof pixels) == 0);
    strlist_deinit(&facts);
}

static void shape_that_is_none_is_an_error(void)
{
    static const char *const wrong[] = {"",
                                        "1x1",
                                        "1x1 ",
                                        "1x1 0011223",
                                        "1x1 0011223g",
                                        "0x1 ",
                                        "1x1 001122334",
                                        "257x1 00",
                                        "4294967297x1 00112233",
                                        "x1 00",
                                        "-1x1 00112233"};
    char fact[64];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(fact, sizeof fact, "pointer.pixels=%s", wrong[i]);
        CHECK_INT(take(fact), ERR_SYSTEM);
    }
}

int main(void)
{
    RUN(copy_is_kept_until_four_others_were_used);
    RUN(all_pictures_stay_within_the_bound);
    RUN(shape_becomes_a_file);
    RUN(shape_that_is_none_is_an_error);
    buffer_deinit(&file);
    return CHECK_RESULT();
}
