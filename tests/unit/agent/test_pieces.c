/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An answer in pieces, over a pipe that keeps what is written: read again as the agent does. */
#include "tests/memory_source.h"
#include "tests/unit/check.h"

#include "agent/worker/answer.h"
#include "agent/worker/pieces.h"
#include "protocol/wire.h"

#include <stdlib.h>

static struct {
    struct buffer bytes;
    unsigned writes, fail_at; /* 0: never */
} fake;

int os_worker_pipe_write(struct os_worker_pipe *pipe, const struct slice *parts, size_t count, struct error *err)
{
    CHECK(pipe == (struct os_worker_pipe *)&fake);
    if (++fake.writes == fake.fail_at)
        return error_set(err, ERR_CLOSED, "nobody reads");
    for (size_t i = 0; i < count; i++)
        buffer_append(&fake.bytes, parts[i].data, parts[i].len);
    return 0;
}

static struct pieces pieces;
static struct buffer gathered, list;
static struct strlist facts;
static struct error err;
static unsigned calls;

static void start(void)
{
    buffer_deinit(&fake.bytes);
    fake.writes = fake.fail_at = calls = 0;
    buffer_init(&fake.bytes, 10u << 20);
    buffer_init(&gathered, 10u << 20);
    pieces_init(&pieces, (struct os_worker_pipe *)&fake, &gathered);
    strlist_deinit(&facts);
    strlist_add(&facts, "a=1");
    strlist_add(&facts, "b=2");
}

static void finish(void)
{
    os_mutex_free(pieces.lock);
    buffer_deinit(&gathered);
    buffer_deinit(&list);
}

static void came(void *context, struct buffer *so_far)
{
    CHECK(context == &calls && so_far == &list);
    calls++;
}

/* Reads what was written, as one answer. */
static int read_back(void)
{
    struct memory_source memory = memory_source(fake.bytes.data, fake.bytes.len, 1000);
    buffer_deinit(&list);
    buffer_init(&list, 10u << 20);
    int status = answer_read(&memory.source, &list, &(struct answer_taker){came, &calls}, &err);
    CHECK_INT(memory.left, 0);
    return status;
}

static int put(size_t len, char fill)
{
    uint8_t *bytes = malloc(len);
    memset(bytes, fill, len);
    int status = pieces.sink.write(pieces.sink.context, bytes, len, &err);
    free(bytes);
    return status;
}

/* The types of the entries, and how many bytes the `d` ones have. */
static const char *shape(uint64_t *file_len)
{
    static char types[32];
    size_t pos = 4, count = 0;
    *file_len = 0;
    while (pos < list.len && count + 1 < sizeof types) {
        uint64_t size = 0;
        for (size_t i = 1; i < WIRE_ENTRY_HEADER_SIZE; i++)
            size = size << 8 | list.data[pos + i];
        types[count++] = (char)list.data[pos];
        *file_len += list.data[pos] == WIRE_DATA ? size : 0;
        pos += WIRE_ENTRY_HEADER_SIZE + size;
    }
    types[count] = '\0';
    return types;
}

static void a_picture_leaves_as_it_is_made(void)
{
    uint64_t len;
    start();
    CHECK(!pieces_begun(&pieces));
    CHECK_INT(pieces.sink.begin(pieces.sink.context, &facts, 4, &err), 0);
    CHECK(pieces_begun(&pieces));
    CHECK_INT(put(100, 'a'), 0);
    CHECK_INT(put(PIECES_LEAST, 'b'), 0);
    CHECK_INT(fake.writes, 2); /* the facts, and what was gathered with what followed */
    CHECK_INT(put(PIECES_LEAST + 7, 'c'), 0);
    CHECK_INT(put(5, 'd'), 0);
    strlist_add(&facts, "hash=3");
    strlist_add(&facts, "time=4");
    CHECK_INT(pieces_end(&pieces, &facts, &err), 0);
    CHECK(!pieces_begun(&pieces));
    CHECK_INT(read_back(), 0);
    CHECK_TEXT(shape(&len), "ssdddssu");
    CHECK_INT(len, 100 + 2 * PIECES_LEAST + 7 + 5);
    CHECK_INT(calls, 3);
    struct strlist lines = {0};
    answer_add_lines(&list, &lines);
    CHECK_TEXT(strlist_get(&lines, "hash"), "3");
    CHECK_TEXT(strlist_get(&lines, "time"), "4");
    strlist_deinit(&lines);
    finish();
}

static void a_small_file_is_one_piece(void)
{
    uint64_t len;
    start();
    CHECK_INT(pieces.sink.begin(pieces.sink.context, &facts, 3, &err), 0);
    for (int i = 0; i < 3; i++)
        CHECK_INT(put(10, 'x'), 0);
    strlist_add(&facts, "hash=3");
    strlist_add(&facts, "time=4");
    CHECK_INT(pieces_end(&pieces, &facts, &err), 0);
    CHECK_INT(fake.writes, 3);
    CHECK_INT(read_back(), 0);
    CHECK_TEXT(shape(&len), "ssdssuu");
    CHECK_INT(len, 30);
    finish();
}

static void a_failure_ends_the_answer_with_its_reason(void)
{
    uint64_t len;
    start();
    CHECK_INT(pieces.sink.begin(pieces.sink.context, &facts, 4, &err), 0);
    CHECK_INT(put(PIECES_LEAST, 'a'), 0);
    CHECK_INT(put(50, 'b'), 0); /* that does not leave any more */
    CHECK_INT(pieces_fail(&pieces, "it broke", &err), 0);
    CHECK(!pieces_begun(&pieces));
    CHECK_INT(gathered.len, 0);
    CHECK_INT(read_back(), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "it broke");
    CHECK_TEXT(shape(&len), "ssd");
    CHECK_INT(len, PIECES_LEAST);
    CHECK(answer_break_off(&list, "so it is"));
    CHECK_TEXT(shape(&len), "ssdeuuuu");
    finish();
}

static void another_answer_follows(void)
{
    uint64_t len;
    a_failure_ends_the_answer_with_its_reason();
    a_picture_leaves_as_it_is_made();
    start();
    CHECK_INT(pieces.sink.begin(pieces.sink.context, &facts, 1, &err), 0);
    CHECK_INT(pieces_fail(&pieces, "at once", &err), 0);
    CHECK_INT(read_back(), ERR_UNAVAILABLE);
    CHECK_TEXT(shape(&len), "ss");
    finish();
}

static void one_who_reads_no_more_is_told_of(void)
{
    for (unsigned at = 1; at <= 3; at++) {
        start();
        fake.fail_at = at;
        CHECK_INT(pieces.sink.begin(pieces.sink.context, &facts, 2, &err), at == 1 ? ERR_CLOSED : 0);
        if (at > 1)
            CHECK_INT(put(PIECES_LEAST, 'a'), at == 2 ? ERR_CLOSED : 0);
        if (at > 2)
            CHECK_INT(pieces_end(&pieces, &facts, &err), ERR_CLOSED);
        finish();
    }
}

int main(void)
{
    RUN(a_picture_leaves_as_it_is_made);
    RUN(a_small_file_is_one_piece);
    RUN(a_failure_ends_the_answer_with_its_reason);
    RUN(another_answer_follows);
    RUN(one_who_reads_no_more_is_told_of);
    buffer_deinit(&fake.bytes);
    strlist_deinit(&facts);
    return CHECK_RESULT();
}
