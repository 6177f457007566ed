/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal's lines: cut at any byte and with any bit flipped, the lines before are read, and none from there on. */
#include "tests/unit/check.h"

#include "agent/journal/record.h"

#include <stdlib.h>

static const struct journal_record all[] = {
    {JOURNAL_BOOT, 1, 2, {JOURNAL_VERSION, 7}, {"6f2c", "nonce"}},
    {JOURNAL_AGENT, 3, 4, {1700000000}, {"start", "0.1.0"}},
    {JOURNAL_STARTED, 5, 6, {42, 4711}, {"alice", "C:\\out\t1\n", "\xff\x01 and \xc3\xa4"}},
    {JOURNAL_EXITED, 7, 8, {42, UINT32_MAX}, {NULL}},
    {JOURNAL_FLUSHED, 9, 10, {42}, {NULL}},
    {JOURNAL_STARTED, 11, 12, {UINT64_MAX, 1}, {NULL, "", NULL}},
    {JOURNAL_LOST, 13, 14, {UINT64_MAX}, {NULL}},
    {JOURNAL_FORGOTTEN, 15, 16, {42}, {NULL}},
    {JOURNAL_END, 17, 18, {0}, {"clean"}},
};
#define COUNT (sizeof all / sizeof *all)

static struct buffer text;
static size_t ends[COUNT]; /* of the lines */

static void write_all(void)
{
    uint32_t chain = 0;
    buffer_init(&text, 1u << 20);
    for (size_t i = 0; i < COUNT; i++) {
        journal_record_append(&text, &chain, &all[i]);
        ends[i] = text.len;
    }
}

static bool same_text(const char *got, const char *want)
{
    return strcmp(got ? got : "", want ? want : "") == 0;
}

static bool same_record(const struct journal_record *got, const struct journal_record *want)
{
    bool same = got->kind == want->kind && got->boot_ms == want->boot_ms && got->wall_ms == want->wall_ms;
    for (int i = 0; i < 2; i++)
        same &= got->numbers[i] == want->numbers[i];
    for (int i = 0; i < JOURNAL_TEXTS; i++)
        same &= same_text(got->texts[i], want->texts[i]);
    return same;
}

/* Returns how many of the records are read from a copy that ends at its last byte; each is as it was written. */
static size_t read_back(const uint8_t *bytes, size_t len, size_t *good)
{
    char *copy = malloc(len ? len : 1);
    struct journal_reader reader = {.bytes = copy, .len = len};
    struct journal_record record;
    size_t count = 0;
    memcpy(copy, bytes, len);
    for (; journal_record_read(&reader, &record); count++)
        CHECK(count < COUNT && same_record(&record, &all[count]));
    *good = reader.at;
    free(copy);
    return count;
}

static size_t lines_before(size_t at)
{
    size_t count = 0;
    while (count < COUNT && ends[count] <= at)
        count++;
    return count;
}

static void what_was_written_is_read(void)
{
    size_t good;
    CHECK_INT(read_back(text.data, text.len, &good), COUNT);
    CHECK_INT(good, text.len);
}

/* A check value of another's making: RFC 3720, B.4, and the usual one. */
static void the_sum_is_crc_32c(void)
{
    uint8_t zeroes[32] = {0};
    CHECK_INT(journal_crc(0, "123456789", 9), 0xe3069283);
    CHECK_INT(journal_crc(0, zeroes, sizeof zeroes), 0x8a9136aa);
    CHECK_INT(journal_crc(journal_crc(0, "1234", 4), "56789", 5), 0xe3069283);
}

static void cut_anywhere_the_lines_before_are_read(void)
{
    for (size_t len = 0; len <= text.len; len++) {
        size_t good, count = read_back(text.data, len, &good);
        CHECK_INT(count, lines_before(len));
        CHECK_INT(good, count ? ends[count - 1] : 0);
    }
}

static void with_any_bit_flipped_the_lines_before_are_read(void)
{
    for (size_t bit = 0; bit < 8 * text.len; bit++) {
        size_t good;
        text.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK_INT(read_back(text.data, text.len, &good), lines_before(bit / 8));
        text.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* What a disk shows behind the end after a power cut may be an older file's lines, each of which is good. */
static void a_line_of_another_place_is_bad(void)
{
    size_t good, len = ends[2] - ends[1];
    uint8_t *bytes = malloc(text.len + len);
    memcpy(bytes, text.data, text.len);
    memcpy(bytes + text.len, text.data + ends[1], len);
    CHECK_INT(read_back(bytes, text.len + len, &good), COUNT);
    CHECK_INT(good, text.len);
    CHECK_INT(read_back(text.data + ends[0], text.len - ends[0], &good), 0);
    free(bytes);
}

static void add_line(struct buffer *out, uint32_t *chain, const char *payload)
{
    char rest[256];
    int len = snprintf(rest, sizeof rest, " %zu %s", strlen(payload), payload);
    *chain = journal_crc(*chain, rest, (size_t)len);
    buffer_printf(out, "%08x%s\n", (unsigned)*chain, rest);
}

static size_t count_lines(const char *const *payloads, size_t count)
{
    struct buffer lines;
    struct journal_record record;
    uint32_t chain = 0;
    size_t read = 0;
    buffer_init(&lines, 1u << 16);
    for (size_t i = 0; i < count; i++)
        add_line(&lines, &chain, payloads[i]);
    struct journal_reader reader = {.bytes = (char *)lines.data, .len = lines.len};
    while (journal_record_read(&reader, &record))
        read++;
    buffer_deinit(&lines);
    return read;
}

static void what_a_newer_version_adds_is_passed_over(void)
{
    static const char *const lines[] = {"exited\t1\t2\t3\t4\tmore\t5", "hibernated\t1", "lost\t1\t2\t3"};
    CHECK_INT(count_lines(lines, 3), 2);
}

static void what_lacks_fields_or_has_others_is_bad(void)
{
    static const char *const bad[] = {"exited\t1\t2\t3",     "exited\t1\t2\t3\t-4",
                                      "exited\t1\t2\t3\t",   "exited\t1\t2\t3\tx",
                                      "started\t1\t2\t3\t4", "started\t1\t2\t3\t4\ta\tb\t\\q",
                                      "lost\t\t2\t3",        "lost",
                                      "end\t1\t2\t\\x00",    "end\t1\t2\t\\x1",
                                      "end\t1\t2\t\\",       "lost\t99999999999999999999\t2\t3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *lines[] = {"lost\t1\t2\t3", bad[i], "lost\t1\t2\t3"};
        CHECK_INT(count_lines(lines, 3), 1);
    }
}

static void texts_that_are_too_long_are_left_out(void)
{
    static char path[2 * JOURNAL_LINE_MAX];
    memset(path, 'x', sizeof path - 1);
    struct journal_record record = {JOURNAL_STARTED, 1, -5, {2, 3}, {"alice", path, ""}};
    struct buffer line;
    uint32_t chain = 0;
    buffer_init(&line, 1u << 20);
    journal_record_append(&line, &chain, &record);
    struct journal_reader reader = {.bytes = (char *)line.data, .len = line.len};
    CHECK(journal_record_read(&reader, &record));
    CHECK_INT(record.numbers[0], 2);
    CHECK_INT(record.wall_ms, 0); /* of a clock before 1970 */
    CHECK_TEXT(record.texts[0], "");
    CHECK_TEXT(record.texts[1], "");
    buffer_deinit(&line);
}

int main(void)
{
    write_all();
    RUN(what_was_written_is_read);
    RUN(the_sum_is_crc_32c);
    RUN(cut_anywhere_the_lines_before_are_read);
    RUN(with_any_bit_flipped_the_lines_before_are_read);
    RUN(a_line_of_another_place_is_bad);
    RUN(what_a_newer_version_adds_is_passed_over);
    RUN(what_lacks_fields_or_has_others_is_bad);
    RUN(texts_that_are_too_long_are_left_out);
    buffer_deinit(&text);
    return CHECK_RESULT();
}
