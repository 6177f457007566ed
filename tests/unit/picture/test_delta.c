/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/delta.h"
#include "platform/clock.h"
#include "platform/thread.h"
#include "tests/unit/check.h"

#include <stdatomic.h>

enum { WIDTH = 333, HEIGHT = 201, STRIDE = WIDTH * 3 + 5, LARGE = 2000 };

static uint8_t before[STRIDE * HEIGHT], after[STRIDE * HEIGHT], composed[STRIDE * HEIGHT];
static const struct image_view old = {before, WIDTH, HEIGHT, STRIDE, PIXEL_RGB24};
static const struct image_view new = {after, WIDTH, HEIGHT, STRIDE, PIXEL_RGB24};
static struct delta_rect rects[DELTA_RECTS_MAX];

static void begin(void)
{
    for (size_t i = 0; i < sizeof before; i++)
        before[i] = (uint8_t)rand();
    memcpy(after, before, sizeof after);
}

static void change(uint32_t x, uint32_t y)
{
    after[y * STRIDE + x * 3 + (uint32_t)rand() % 3]++;
}

/* Checks that each pixel that differs is in exactly one rectangle, and each side of one touches something that differs. */
static void check_rects(size_t count)
{
    memcpy(composed, before, sizeof composed);
    for (size_t i = 0; i < count; i++) {
        const struct delta_rect *rect = &rects[i];
        CHECK(rect->width > 0 && rect->height > 0 && rect->x + rect->width <= WIDTH &&
              rect->y + rect->height <= HEIGHT);
        for (size_t other = 0; other < i; other++)
            CHECK(rects[other].x >= rect->x + rect->width || rect->x >= rects[other].x + rects[other].width ||
                  rects[other].y >= rect->y + rect->height || rect->y >= rects[other].y + rects[other].height);
        for (uint32_t y = rect->y; y < rect->y + rect->height; y++)
            memcpy(composed + y * STRIDE + rect->x * 3, after + y * STRIDE + rect->x * 3, (size_t)rect->width * 3);
    }
    CHECK(memcmp(composed, after, sizeof after) == 0);
}

static void check_rect(size_t i, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    CHECK_INT(rects[i].x, x);
    CHECK_INT(rects[i].y, y);
    CHECK_INT(rects[i].width, width);
    CHECK_INT(rects[i].height, height);
}

static void equal_pictures_have_none(void)
{
    begin();
    after[STRIDE - 1]++; /* behind the row's last pixel */
    CHECK_INT(delta_find(&old, &new, rects), 0);
}

static void rectangle_is_as_small_as_what_differs(void)
{
    begin();
    change(70, 10);
    CHECK_INT(delta_find(&old, &new, rects), 1);
    check_rect(0, 70, 10, 1, 1);
    change(80, 20);
    change(75, 63);
    CHECK_INT(delta_find(&old, &new, rects), 1);
    check_rect(0, 70, 10, 11, 54);
}

static void neighbours_are_one_rectangle(void)
{
    begin();
    for (uint32_t y = 60; y < 200; y += 30)
        for (uint32_t x = 10; x < 300; x += 30)
            change(x, y);
    CHECK_INT(delta_find(&old, &new, rects), 1);
    check_rect(0, 10, 60, 271, 121);
}

static void corners_are_found(void)
{
    begin();
    change(0, 0), change(WIDTH - 1, 0), change(0, HEIGHT - 1), change(WIDTH - 1, HEIGHT - 1);
    CHECK_INT(delta_find(&old, &new, rects), 4);
    check_rect(3, WIDTH - 1, HEIGHT - 1, 1, 1);
    check_rects(4);
}

static void rectangles_hold_whatever_differs(void)
{
    srand(check_seed());
    for (int round = 0; round < 300; round++) {
        begin();
        for (int i = rand() % 40; i >= 0; i--) {
            uint32_t left = (uint32_t)rand() % WIDTH, top = (uint32_t)rand() % HEIGHT, side = 1u << rand() % 8;
            for (uint32_t y = top; y < HEIGHT && y < top + side; y += 1 + (uint32_t)rand() % 3)
                for (uint32_t x = left; x < WIDTH && x < left + side; x += 1 + (uint32_t)rand() % 3)
                    change(x, y);
        }
        size_t count = delta_find(&old, &new, rects);
        CHECK(count >= 1 && count <= DELTA_RECTS_MAX);
        check_rects(count);
    }
}

static void more_than_the_bound_are_said_to_be(void)
{
    uint8_t *pixels = calloc(2, (size_t)LARGE * 3 * LARGE), *changed = pixels + (size_t)LARGE * 3 * LARGE;
    const struct image_view one = {pixels, LARGE, LARGE, LARGE * 3, PIXEL_RGB24};
    const struct image_view other = {changed, LARGE, LARGE, LARGE * 3, PIXEL_RGB24};
    size_t count = 0;
    for (uint32_t y = 0; y < LARGE && count <= DELTA_RECTS_MAX; y += DELTA_TILE)
        for (uint32_t x = y % (2 * DELTA_TILE); x < LARGE && count <= DELTA_RECTS_MAX; x += 2 * DELTA_TILE, count++) {
            CHECK_INT(delta_find(&one, &other, rects), count);
            changed[((size_t)y * LARGE + x) * 3] = 1;
        }
    CHECK_INT(delta_find(&one, &other, rects), DELTA_RECTS_MAX + 1);
    free(pixels);
}

/* ---- memory that somebody else writes to ---- */

static atomic_bool ends;

static void change_back_and_forth(void *context)
{
    (void)context;
    while (!atomic_load(&ends))
        for (uint32_t y = 0; y < HEIGHT; y++)
            ((volatile uint8_t *)after)[y * STRIDE + 3 * (y * 7 % WIDTH)] ^= 1;
}

static void picture_that_changes_meanwhile_is_never_left(void)
{
    struct os_thread *thread;
    struct error err;
    begin();
    atomic_store(&ends, false);
    CHECK_INT(os_thread_start_joinable(&thread, change_back_and_forth, NULL, &err), 0);
    for (int64_t end = os_deadline(100); os_time_left(end) > 0;) {
        size_t count = delta_find(&old, &new, rects);
        for (size_t i = 0; i < count && i < DELTA_RECTS_MAX; i++)
            CHECK(rects[i].width >= 1 && rects[i].x + rects[i].width <= WIDTH && rects[i].height >= 1 &&
                  rects[i].y + rects[i].height <= HEIGHT);
    }
    atomic_store(&ends, true);
    os_thread_join(thread);
}

int main(void)
{
    RUN(equal_pictures_have_none);
    RUN(rectangle_is_as_small_as_what_differs);
    RUN(neighbours_are_one_rectangle);
    RUN(corners_are_found);
    RUN(rectangles_hold_whatever_differs);
    RUN(more_than_the_bound_are_said_to_be);
    RUN(picture_that_changes_meanwhile_is_never_left);
    return CHECK_RESULT();
}
