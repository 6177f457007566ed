/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a recording has, and what of it may be dropped. */
#include "tests/unit/check.h"

#include "agent/record/stored.h"

#include <stdio.h>
#include <string.h>

static struct stored stored;

static const char *key(unsigned number)
{
    static char text[STORED_KEY_SIZE];
    snprintf(text, sizeof text, "xxh64:%016x", number);
    return text;
}

/* base 0: a whole picture. */
static void add(uint32_t number, uint32_t base)
{
    CHECK(stored_add(&stored, &(struct stored_picture){.number = number, .base = base, .bytes = 10}, key(number),
                     key(number)));
}

static uint32_t oldest(void)
{
    const struct stored_picture *picture = stored_oldest(&stored);
    return picture ? picture->number : 0;
}

static void drop_oldest(uint32_t want)
{
    CHECK(oldest() == want);
    stored_drop(&stored, want);
}

/* Takes over line by line what is handed over. */
static void hand_over(struct stored *to, char *lines)
{
    unsigned count = 0;
    for (char *line = strtok(lines, "\n"); line; line = strtok(NULL, "\n"), count++)
        CHECK(strncmp(line, "x ", 2) == 0 && stored_restore(to, line + 2));
    CHECK(count > 0);
}

static void check_handover(void)
{
    struct buffer text, again;
    struct stored to = {0};
    buffer_init(&text, 1 << 20);
    buffer_init(&again, 1 << 20);
    stored_save(&stored, &text, "x ");
    stored_save(&stored, &again, "x ");
    CHECK(buffer_append(&text, "", 1));
    hand_over(&to, (char *)text.data);
    buffer_clear(&text);
    stored_save(&to, &text, "x ");
    CHECK(text.len == again.len && memcmp(text.data, again.data, text.len) == 0);
    CHECK(to.bytes == stored.bytes && to.shown == stored.shown);
    CHECK(stored_find(&to, key(70)) == 70 && stored_find(&to, key(6)) == 0);
    buffer_deinit(&text);
    buffer_deinit(&again);
    stored_deinit(&to);
}

static void what_is_handed_over_is_the_same(void)
{
    for (uint32_t number = 1; number <= 70; number++) /* more than are known again */
        add(number, number % 3 == 2 ? number - 1 : 0);
    stored.shown = 40;
    stored_pin(&stored);
    stored_drop(&stored, 50);
    check_handover();
    CHECK(!stored_restore(&stored, "z 1") && !stored_restore(&stored, "p 1 2"));
    stored_deinit(&stored);
}

static void first_and_shown_are_never_dropped(void)
{
    for (uint32_t number = 1; number <= 4; number++)
        add(number, 0);
    stored.shown = 2; /* again */
    drop_oldest(3);
    CHECK(oldest() == 0); /* the first, the one that is shown, the last */
    CHECK(stored.bytes == 30);
    stored_deinit(&stored);
}

static void what_a_part_is_drawn_on_stays_as_long_as_the_part(void)
{
    add(1, 0);
    add(2, 0);
    add(3, 2);
    add(4, 2);
    add(5, 0);
    drop_oldest(3);
    drop_oldest(4);
    drop_oldest(2);
    CHECK(oldest() == 0);
    stored_deinit(&stored);
}

static void last_whole_picture_stays_for_parts_to_come(void)
{
    add(1, 0);
    add(2, 0);
    add(3, 2);
    add(4, 2);
    CHECK(stored.whole.number == 2);
    drop_oldest(3);
    CHECK(oldest() == 0);
    stored_deinit(&stored);
}

static void picture_before_a_failure_is_never_dropped(void)
{
    add(1, 0);
    add(2, 0);
    stored_pin(&stored);
    add(3, 0);
    add(4, 0);
    drop_oldest(3);
    CHECK(oldest() == 0);
    stored_deinit(&stored);
}

static void window_knows_the_last_ones_that_are_there(void)
{
    for (uint32_t number = 1; number <= STORED_WINDOW + 1; number++)
        add(number, 0);
    CHECK(stored_find(&stored, key(1)) == 0);
    CHECK(stored_find(&stored, key(2)) == 2);
    CHECK(stored_find(&stored, key(STORED_WINDOW + 1)) == STORED_WINDOW + 1);
    stored_drop(&stored, 2);
    CHECK(stored_find(&stored, key(2)) == 0);
    stored_drop(&stored, 2); /* again: nothing */
    CHECK(stored.count == STORED_WINDOW);
    stored_deinit(&stored);
}

int main(void)
{
    RUN(first_and_shown_are_never_dropped);
    RUN(what_a_part_is_drawn_on_stays_as_long_as_the_part);
    RUN(last_whole_picture_stays_for_parts_to_come);
    RUN(picture_before_a_failure_is_never_dropped);
    RUN(window_knows_the_last_ones_that_are_there);
    RUN(what_is_handed_over_is_the_same);
    return CHECK_RESULT();
}
