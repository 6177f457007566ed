/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/worker/answer.h"
#include "tests/memory_source.h"
#include "tests/unit/check.h"

/* What a worker writes, byte by byte as docs/protocol.md has it. */
#define COUNT(n) "\0\0\0" n
#define HEAD(type, size) type "\0\0\0\0\0\0\0" size
#define BYTES(text) ((struct slice){(const uint8_t *)(text), sizeof(text) - 1})

#define PICTURE COUNT("\3") HEAD("s", "\6") "a=one\0" HEAD("s", "\3") "b=\0" HEAD("d", "\5") "\x89\0PN\n"

static struct buffer list;
static struct error err;

static int read_answer(struct slice bytes, size_t step, size_t limit)
{
    struct memory_source memory = memory_source(bytes.data, bytes.len, step);
    buffer_deinit(&list);
    buffer_init(&list, limit);
    int status = answer_read(&memory.source, &list, NULL, &err);
    if (status == 0)
        CHECK_INT(memory.left, 0);
    return status;
}

static void a_picture_is_relayed_byte_for_byte(void)
{
    struct slice bytes = BYTES(PICTURE);
    for (size_t step = 1; step <= bytes.len; step++) {
        CHECK_INT(read_answer(bytes, step, 4096), 0);
        CHECK(list.len == bytes.len && memcmp(list.data, bytes.data, bytes.len) == 0);
    }
}

static void its_parts_are_found(void)
{
    struct strlist lines = {0};
    CHECK_INT(read_answer(BYTES(PICTURE), 4096, 4096), 0);
    struct slice file = answer_file(&list);
    answer_add_lines(&list, &lines);
    CHECK_INT(lines.count, 2);
    CHECK_TEXT(lines.items[0], "a=one");
    CHECK_TEXT(lines.items[1], "b=");
    CHECK(file.len == 5 && memcmp(file.data, "\x89\0PN\n", 5) == 0);
    CHECK(file.data > list.data && file.data + file.len == list.data + list.len);
    strlist_deinit(&lines);
}

static void lines_that_are_put_come_first_and_leave_the_rest(void)
{
    static const char whole[] = COUNT("\4")
        HEAD("s", "\4") "c=3\0" HEAD("s", "\6") "a=one\0" HEAD("s", "\3") "b=\0" HEAD("d", "\5") "\x89\0PN\n";
    struct strlist more = {0};
    strlist_add(&more, "c=3");
    CHECK_INT(read_answer(BYTES(PICTURE), 4096, 4096), 0);
    answer_put_lines(&list, &more);
    CHECK(list.len == sizeof whole - 1 && memcmp(list.data, whole, list.len) == 0);
    CHECK_INT(read_answer(BYTES(PICTURE), 4096, sizeof PICTURE), 0);
    answer_put_lines(&list, &more); /* there is no room */
    CHECK(!list.failed && list.len == sizeof PICTURE - 1 && memcmp(list.data, PICTURE, list.len) == 0);
    strlist_deinit(&more);
}

static void an_answer_may_have_no_file(void)
{
    struct strlist lines = {0};
    static const struct slice answers[] = {{(const uint8_t *)COUNT("\0"), 4},
                                           {(const uint8_t *)COUNT("\1") HEAD("u", "\0"), 13},
                                           {(const uint8_t *)COUNT("\1") HEAD("d", "\0"), 13}};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        CHECK_INT(read_answer(answers[i], 4096, 4096), 0);
        CHECK(list.len == answers[i].len && memcmp(list.data, answers[i].data, list.len) == 0);
        answer_add_lines(&list, &lines);
        CHECK_INT(lines.count, 0);
        CHECK_INT(answer_file(&list).len, 0);
    }
}

static void a_refusal_is_an_error(void)
{
    CHECK_INT(read_answer(BYTES(COUNT("\1") HEAD("e", "\5") "nope\0"), 4096, 4096), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "nope");
}

static void other_forms_are_refused(void)
{
    static const struct slice wrong[] = {
        {(const uint8_t *)COUNT("\1") HEAD("I", "\4") "\0\0\0\1", 17},                /* a number */
        {(const uint8_t *)COUNT("\1") HEAD("s", "\0"), 13},                           /* no NUL */
        {(const uint8_t *)COUNT("\1") HEAD("s", "\2") "ab", 15},                      /* none at the end */
        {(const uint8_t *)COUNT("\1") HEAD("s", "\3") "a\0\0", 16},                   /* one in the middle */
        {(const uint8_t *)COUNT("\1") HEAD("u", "\1") "x", 14},                       /* an undefined one of size 1 */
        {(const uint8_t *)COUNT("\2") HEAD("d", "\1") "x" HEAD("s", "\1") "\0", 24},  /* a fact behind the file */
        {(const uint8_t *)COUNT("\2") HEAD("e", "\1") "\0" HEAD("s", "\1") "\0", 24}, /* an error and a fact */
        {(const uint8_t *)COUNT("\2") HEAD("s", "\1") "\0" HEAD("e", "\1") "\0", 24}, /* a fact and an error */
        {(const uint8_t *)COUNT("\2") HEAD("u", "\0") HEAD("d", "\1") "x", 23},       /* two files */
        {(const uint8_t *)"\0\x10\0\0", 4},                                           /* 2^20 entries */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK_INT(read_answer(wrong[i], 4096, 4096), ERR_PROTOCOL);
}

static void an_answer_that_ends_early_is_closed(void)
{
    struct slice bytes = BYTES(PICTURE);
    for (size_t len = 0; len < bytes.len; len++)
        CHECK_INT(read_answer((struct slice){bytes.data, len}, 4096, 4096), ERR_CLOSED);
}

static void the_limit_is_named(void)
{
    struct slice bytes = BYTES(PICTURE);
    CHECK_INT(read_answer(bytes, 4096, bytes.len), 0);
    CHECK_INT(read_answer(bytes, 4096, bytes.len - 1), ERR_LIMIT);
    CHECK_TEXT(err.text, "the capture worker's answer exceeds the limit of 44 bytes (WIRE_REPLY_MAX)");
    CHECK_INT(read_answer(BYTES(COUNT("\1") "d\xff\xff\xff\xff\xff\xff\xff\xff"), 4096, 4096), ERR_LIMIT);
}

/* ---- in pieces ---- */

static unsigned calls;
static size_t seen[8];

static void came(void *context, struct buffer *so_far)
{
    CHECK(context == seen && so_far == &list);
    if (calls < sizeof seen / sizeof *seen)
        seen[calls] = so_far->len;
    calls++;
}

static int read_pieces(struct slice bytes, size_t step, size_t limit)
{
    struct memory_source memory = memory_source(bytes.data, bytes.len, step);
    buffer_deinit(&list);
    buffer_init(&list, limit);
    calls = 0;
    return answer_read(&memory.source, &list, &(struct answer_taker){came, seen}, &err);
}

#define FIRST_PIECE HEAD("s", "\6") "a=one\0" HEAD("d", "\3") "\x89\0P"
#define MORE_PIECES HEAD("d", "\2") "N\n" HEAD("s", "\4") "h=1\0" HEAD("u", "\0")
#define IN_PIECES COUNT("\5") FIRST_PIECE MORE_PIECES

static void pieces_are_told_as_they_come(void)
{
    struct strlist lines = {0};
    struct slice bytes = BYTES(IN_PIECES);
    for (size_t step = 1; step <= bytes.len; step++) {
        CHECK_INT(read_pieces(bytes, step, 4096), 0);
        CHECK(list.len == bytes.len && memcmp(list.data, bytes.data, bytes.len) == 0);
        CHECK_INT(calls, 2);
        CHECK_INT(seen[0], sizeof(COUNT("\5") FIRST_PIECE) - 1);
        CHECK_INT(seen[1], seen[0] + 9 + 2);
    }
    answer_add_lines(&list, &lines);
    CHECK_INT(lines.count, 2);
    CHECK_TEXT(strlist_get(&lines, "h"), "1");
    strlist_deinit(&lines);
}

static void a_failure_among_pieces_leaves_those_before_it(void)
{
    static const char failed[] = COUNT("\5") FIRST_PIECE HEAD("e", "\5") "nope\0" HEAD("u", "\0") HEAD("u", "\0");
    static const char ended[] = COUNT("\5") FIRST_PIECE HEAD("e", "\3") "so\0" HEAD("u", "\0") HEAD("u", "\0");
    const size_t whole = sizeof(COUNT("\5") FIRST_PIECE) - 1;
    CHECK_INT(read_pieces(BYTES(failed), 4096, 4096), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "nope");
    CHECK_INT(list.len, whole);
    CHECK(answer_break_off(&list, "so"));
    CHECK(list.len == sizeof ended - 1 && memcmp(list.data, ended, list.len) == 0);
    for (size_t len = whole; len < sizeof IN_PIECES - 1; len++) {
        CHECK_INT(read_pieces((struct slice){(const uint8_t *)IN_PIECES, len}, 4096, 4096), ERR_CLOSED);
        CHECK(list.len >= whole);
        CHECK(answer_break_off(&list, "so"));
    }
    CHECK_INT(read_pieces(BYTES(IN_PIECES), 4096, whole + 10), ERR_LIMIT);
    CHECK(list.len == whole && !list.failed);
    CHECK(!answer_break_off(&list, "so")); /* there is no room */
    CHECK_INT(read_pieces(BYTES(COUNT("\2") FIRST_PIECE), 4096, 4096), 0);
    CHECK(answer_break_off(&list, "so"));
    CHECK_INT(list.len, whole); /* it is whole already */
    CHECK_INT(read_pieces(BYTES(COUNT("\1") HEAD("e", "\5") "nope\0"), 4096, 4096), ERR_UNAVAILABLE);
    CHECK_INT(calls, 0);
}

static void a_lost_device_is_found(void)
{
    char *told[] = {"output=all", "dxgi.removed=EnumOutputs: it hung (A, 0x1)"};
    char *refused[] = {"refused=gdi: gpu-reset: no", "refused=dxgi: gpu-reset: CopyResource: it is gone (B, 0x2)"};
    char *other[] = {"warning=gpu-reset: no", "refused=dxgi: static: nothing"};
    CHECK_TEXT(answer_lost_device(&(struct strlist){.items = told, .count = 2}, ""), "EnumOutputs: it hung (A, 0x1)");
    CHECK_TEXT(answer_lost_device(&(struct strlist){.items = refused, .count = 2}, ""),
               "CopyResource: it is gone (B, 0x2)");
    CHECK(!answer_lost_device(&(struct strlist){.items = other, .count = 2}, "a monitor is missing"));
    CHECK_TEXT(answer_lost_device(&(struct strlist){0}, "dxgi: gpu-reset: x (C, 0x3); 7 gpu"), "x (C, 0x3); 7 gpu");
}

int main(void)
{
    RUN(a_picture_is_relayed_byte_for_byte);
    RUN(its_parts_are_found);
    RUN(lines_that_are_put_come_first_and_leave_the_rest);
    RUN(an_answer_may_have_no_file);
    RUN(a_refusal_is_an_error);
    RUN(other_forms_are_refused);
    RUN(an_answer_that_ends_early_is_closed);
    RUN(the_limit_is_named);
    RUN(pieces_are_told_as_they_come);
    RUN(a_failure_among_pieces_leaves_those_before_it);
    RUN(a_lost_device_is_found);
    buffer_deinit(&list);
    return CHECK_RESULT();
}
