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

/* ---- a source that tells what has changed ---- */

#define SIDE 150 /* more than two tiles, and more than two steps of the hash */

static uint32_t state = 1;

static uint32_t below(uint32_t count)
{
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % count;
}

/* Changes a rectangle of the picture, sometimes to what it is, and tells of a larger one. */
static struct delta_rect draw(uint8_t *pixels)
{
    struct delta_rect rect = {below(SIDE), below(SIDE), 0, 0};
    rect.width = 1 + below(SIDE - rect.x);
    rect.height = 1 + below(SIDE - rect.y);
    uint8_t value = (uint8_t)below(3);
    for (uint32_t y = rect.y + below(2); y < rect.y + rect.height; y++)
        memset(pixels + (y * SIDE + rect.x) * 3, value, (size_t)rect.width * 3);
    return rect;
}

/* Draws what differs over an older picture. */
static void compose(uint8_t *pixels, const struct image_view *image, const struct delta_rect *rects, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (uint32_t y = rects[i].y; y < rects[i].y + rects[i].height; y++)
            memcpy(pixels + (y * SIDE + rects[i].x) * 3, image->pixels + y * image->stride + rects[i].x * 3,
                   (size_t)rects[i].width * 3);
}

static void followed_pictures_are_whole_and_so_is_what_differs(void)
{
    static uint8_t pixels[SIDE * SIDE * 3], seen[SIDE * SIDE * 3];
    struct image_view image = view(pixels, SIDE, SIDE);
    char hash[PICTURE_HASH_SIZE], seen_hash[PICTURE_HASH_SIZE] = "";
    unsigned found = 0;
    for (uint64_t number = 1; number < 3000; number++) {
        struct delta_rect drawn[4], rects[DELTA_RECTS_MAX];
        size_t count = below(4);
        for (size_t i = 0; i < count; i++)
            drawn[i] = draw(pixels);
        struct base_news news = {image, number, below(10) ? drawn : NULL, count};
        const struct base_picture *newest = bases_follow(&bases, &news, seen_hash);
        picture_hash(hash, &image);
        if (!newest || strcmp(newest->hash, hash) != 0 || memcmp(newest->image.pixels, pixels, sizeof pixels) != 0) {
            CHECK(!"another picture");
            break;
        }
        CHECK(bases.newest == newest && bases.number == number);
        size_t differs = bases_delta(&bases, seen_hash, rects);
        compose(seen, &newest->image, rects, differs <= DELTA_RECTS_MAX ? differs : 0);
        found += differs > 0;
        if (differs > 0)
            CHECK(memcmp(seen, pixels, sizeof pixels) == 0);
        if (below(3) == 0) {
            memcpy(seen, pixels, sizeof seen);
            strcpy(seen_hash, hash);
        } else if (differs > 0) {
            strcpy(seen_hash, hash);
        }
    }
    CHECK(found > 1000);
    bases_deinit(&bases);
}

static void a_picture_beside_those_that_are_followed_is_their_end(void)
{
    static uint8_t pixels[12 * 12 * 3];
    struct image_view small = view(pixels, 3, 3), image = view(pixels, 12, 12);
    struct delta_rect none = {0, 0, 1, 1};
    CHECK(bases_follow(&bases, &(struct base_news){small, 1, NULL, 0}, NULL) == bases.newest);
    /* Of another size: what is told can't be about it. */
    const struct base_picture *newest = bases_follow(&bases, &(struct base_news){image, 2, &none, 1}, NULL);
    CHECK(newest && newest->image.width == 12);
    for (int i = 0; i < BASES_MAX; i++)
        bases_add(&bases, (char[]){(char)('a' + i), 0}, &small);
    CHECK(bases.newest == NULL);
    CHECK_INT((int)bases_delta(&bases, "a", (struct delta_rect[DELTA_RECTS_MAX]){{0}}), 0);
    bases_deinit(&bases);
}

static void pictures_beyond_the_bound_are_not_followed(void)
{
    uint8_t *pixels = calloc(1, BASES_BYTES_MAX + 3);
    struct image_view half = view(pixels, 1, BASES_BYTES_MAX / 6), large = view(pixels, 1, BASES_BYTES_MAX / 3 + 1);
    CHECK(!bases_follow(&bases, &(struct base_news){large, 1, NULL, 0}, NULL));
    CHECK(bases_follow(&bases, &(struct base_news){half, 2, NULL, 0}, NULL));
    pixels[0] = 1;
    CHECK(bases_follow(&bases, &(struct base_news){half, 3, NULL, 0}, NULL));
    pixels[0] = 2;
    CHECK(bases_follow(&bases, &(struct base_news){half, 4, NULL, 0}, NULL));
    pixels[0] = 3;
    CHECK(!bases_follow(&bases, &(struct base_news){large, 5, NULL, 0}, NULL));
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
    RUN(followed_pictures_are_whole_and_so_is_what_differs);
    RUN(a_picture_beside_those_that_are_followed_is_their_end);
    RUN(pictures_beyond_the_bound_are_not_followed);
    RUN(shape_becomes_a_file);
    RUN(shape_that_is_none_is_an_error);
    buffer_deinit(&file);
    return CHECK_RESULT();
}
