/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rectangles of a frame, against a bitmap of single pixels. */
#include "host/web/damage.h"

#include "tests/unit/check.h"

/* Marks what the rectangles cover; returns false when two overlap or one lies outside. */
static bool paint(struct damage *damage, uint8_t *covered, uint32_t width, uint32_t height, unsigned *count)
{
    struct damage_box box;
    bool good = true;
    for (*count = 0; damage_next(damage, &box); ++*count) {
        good = good && box.width > 0 && box.height > 0 && box.x + box.width <= width && box.y + box.height <= height;
        for (uint32_t y = box.y; good && y < box.y + box.height; y++)
            for (uint32_t x = box.x; x < box.x + box.width; x++)
                good = covered[(size_t)y * width + x]++ == 0 && good;
    }
    return good && damage->left == 0;
}

/* Compares the rectangles with the tiles, pixel by pixel. */
static void compare(const uint32_t *tiles, uint32_t width, uint32_t height, uint32_t since, unsigned *count)
{
    struct damage damage = {0};
    uint8_t *covered = calloc(width, height);
    bool same =
        covered && damage_take(&damage, tiles, width, height, since) && paint(&damage, covered, width, height, count);
    for (uint32_t y = 0; same && y < height; y++)
        for (uint32_t x = 0; same && x < width; x++)
            same = covered[(size_t)y * width + x] == (tiles[y / 64 * damage_tiles(width) + x / 64] > since);
    CHECK(same);
    free(covered);
    damage_deinit(&damage);
}

static void rectangles_cover_what_changed_once_and_nothing_else(void)
{
    srand(check_seed());
    for (int turn = 0; turn < 200; turn++) {
        uint32_t width = 1 + (uint32_t)rand() % 700, height = 1 + (uint32_t)rand() % 500, tiles[11 * 8];
        unsigned count, density = 1 + (unsigned)rand() % 10;
        for (size_t i = 0; i < sizeof tiles / sizeof *tiles; i++)
            tiles[i] = (unsigned)rand() % 10 < density ? 5 : 3;
        compare(tiles, width, height, 4, &count);
    }
}

static void a_whole_screen_is_few_rectangles(void)
{
    uint32_t tiles[30 * 17];
    unsigned count;
    for (size_t i = 0; i < sizeof tiles / sizeof *tiles; i++)
        tiles[i] = 1;
    compare(tiles, 1920, 1080, 0, &count);
    CHECK_INT(count, 9); /* two rows of tiles each */
    compare(tiles, 1920, 1080, 1, &count);
    CHECK_INT(count, 0);
}

static void rectangles_of_the_widest_screen_have_a_row_of_tiles(void)
{
    static uint32_t tiles[512 * 2];
    struct damage damage = {0};
    struct damage_box box;
    for (size_t i = 0; i < sizeof tiles / sizeof *tiles; i++)
        tiles[i] = 1;
    CHECK(damage_take(&damage, tiles, 32767, 128, 0));
    CHECK(damage_next(&damage, &box));
    CHECK_INT(box.width, 32767);
    CHECK_INT(box.height, 64);
    damage_deinit(&damage);
}

int main(void)
{
    RUN(rectangles_cover_what_changed_once_and_nothing_else);
    RUN(a_whole_screen_is_few_rectangles);
    RUN(rectangles_of_the_widest_screen_have_a_row_of_tiles);
    return CHECK_RESULT();
}
