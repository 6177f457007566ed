/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is kept of outputs, against a model that knows each byte by its stream and its position. */
#include "tests/unit/check.h"

#include "agent/stream/kept.h"

#define STREAMS 3
#define STEPS 6000
#define HEAD ((uint64_t)KEPT_HEAD_BLOCKS * SPOOL_BLOCK)
#define TAIL ((uint64_t)KEPT_TAIL_BLOCKS * SPOOL_BLOCK)
#define STORE (STREAMS * (HEAD + TAIL)) /* the lowest blocks are taken, so no more is ever used */

static uint8_t *store;
static struct kept kept[STREAMS];

static uint8_t byte_of(unsigned stream, uint64_t position)
{
    return (uint8_t)((position * 2654435761u >> 13) + stream * 89);
}

static void begin(void)
{
    if (!store)
        store = malloc(STORE);
    memset(kept, 0, sizeof kept);
}

static void end(void)
{
    for (unsigned i = 0; i < STREAMS; i++)
        kept_drop_all(&kept[i]);
    CHECK(spool_is_done());
    CHECK(!spool_is_done());
}

/* Puts some bytes where they are to go; returns how many. */
static size_t put(unsigned stream, size_t most, bool may_drop)
{
    uint64_t at;
    size_t max;
    if (!kept_find_room(&kept[stream], may_drop, &at, &max))
        return 0;
    size_t len = most < max ? most : max;
    CHECK(at + len <= STORE);
    for (size_t i = 0; i < len; i++)
        store[at + i] = byte_of(stream, kept[stream].end + i);
    kept_add(&kept[stream], len);
    return len;
}

static void put_all(unsigned stream, uint64_t len)
{
    while (len > 0) {
        size_t done = put(stream, len < SPOOL_BLOCK ? (size_t)len : SPOOL_BLOCK, true);
        CHECK(done > 0);
        len -= done;
    }
}

/* Counts what is kept, and compares each byte. */
static uint64_t check_bytes(unsigned stream)
{
    uint64_t count = 0, at;
    for (uint64_t position = kept_from(&kept[stream], 0); position < kept[stream].end;
         position = kept_from(&kept[stream], position)) {
        uint64_t len = kept_len(&kept[stream], position);
        CHECK(len > 0);
        size_t piece = kept_piece(&kept[stream], position, len, &at);
        size_t same = 0;
        while (same < piece && store[at + same] == byte_of(stream, position + same))
            same++;
        CHECK_INT(same, piece);
        if (same < piece || piece == 0)
            return count;
        position += piece;
        count += piece;
    }
    return count;
}

static void little_is_kept_whole(void)
{
    begin();
    put_all(0, HEAD + TAIL);
    CHECK_INT(check_bytes(0), HEAD + TAIL);
    end();
}

static void beginning_and_end_of_much_are_kept(void)
{
    begin();
    put_all(0, HEAD + 3 * TAIL + 1);
    CHECK_INT(kept_from(&kept[0], HEAD - 1), HEAD - 1);
    CHECK_INT(kept_len(&kept[0], HEAD - 1), 1);
    CHECK_INT(kept_from(&kept[0], HEAD), HEAD + 2 * TAIL + SPOOL_BLOCK);
    CHECK_INT(check_bytes(0), HEAD + TAIL - SPOOL_BLOCK + 1);
    end();
}

static void what_is_held_is_not_dropped(void)
{
    begin();
    put_all(0, HEAD + TAIL);
    CHECK_INT(put(0, 1, false), 0);
    CHECK_INT(check_bytes(0), HEAD + TAIL);
    CHECK_INT(put(0, 1, true), 1);
    end();
}

static void what_was_skipped_is_a_gap(void)
{
    begin();
    put_all(0, 1000);
    kept_skip(&kept[0], 500);
    put_all(0, 100);
    CHECK_INT(kept_len(&kept[0], 0), 1000);
    CHECK_INT(kept_from(&kept[0], 1000), 1500);
    kept_skip(&kept[0], 1);
    CHECK_INT(kept_from(&kept[0], 1000), 1601);
    CHECK_INT(check_bytes(0), 1000);
    end();
}

static void room_that_is_not_used_is_given_back(void)
{
    begin();
    CHECK_INT(put(0, 0, true), 0);
    put_all(0, HEAD);
    CHECK_INT(put(0, 0, true), 0);
    CHECK_INT(kept[0].tail_count, 0);
    put_all(0, 5);
    CHECK_INT(put(0, 0, true), 0);
    CHECK_INT(check_bytes(0), HEAD + 5);
    end();
}

/* Hands a stream over to itself. */
static void hand_over(unsigned stream)
{
    struct buffer text;
    buffer_init(&text, 1u << 16);
    kept_save(&kept[stream], &text);
    buffer_append(&text, "", 1);
    kept_drop_all(&kept[stream]);
    CHECK(kept_restore(&kept[stream], (const char *)text.data));
    buffer_deinit(&text);
}

static void streams_that_come_in_turns_keep_their_bytes(void)
{
    begin();
    srand(check_seed());
    for (int i = 0; i < STEPS; i++) {
        unsigned stream = (unsigned)rand() % STREAMS;
        int what = rand() % 1000;
        if (what == 0)
            kept_drop_all(&kept[stream]);
        else if (what < 3)
            kept_skip(&kept[stream], (size_t)rand() % 3000);
        else if (what < 10)
            hand_over(stream);
        else
            (void)put(stream, (size_t)rand() % (2 * SPOOL_BLOCK), rand() % 4 > 0);
        if (i % 500 == 0)
            check_bytes(stream);
    }
    for (unsigned i = 0; i < STREAMS; i++)
        check_bytes(i);
    end();
}

static void lines_that_are_none_are_refused(void)
{
    static const char *const lines[] = {
        "",
        " ",
        " 1",
        " 1 1 1 0 0",      /* the head's block lacks */
        " 1 1 1 0 0 4096", /* there is no such block */
        " 1 1 1 0 0 x",
        " 9 1 9 0 0 0",                    /* ends before it begins */
        " 1 1 999999999 0 1 0 1",          /* more than its blocks hold */
        " 99999999 99999999 99999999 0 0", /* a head of more than there can be */
        " 1 1 1 2 0 0",
        " 1 5 5 0 0 0", /* a gap behind a head that goes on */
        " 0 0 1 1 999 1",
    };
    struct kept one;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        bool taken = kept_restore(&one, lines[i]);
        if (taken)
            printf("# taken: '%s'\n", lines[i]);
        CHECK(!taken);
        CHECK_INT(one.end, 0);
    }
}

int main(void)
{
    RUN(little_is_kept_whole);
    RUN(beginning_and_end_of_much_are_kept);
    RUN(what_is_held_is_not_dropped);
    RUN(what_was_skipped_is_a_gap);
    RUN(room_that_is_not_used_is_given_back);
    RUN(streams_that_come_in_turns_keep_their_bytes);
    RUN(lines_that_are_none_are_refused);
    return CHECK_RESULT();
}
