/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log against a copy of all that was ever written to it. */
#include "tests/unit/check.h"

#include "agent/log.h"
#include "platform/clock.h"

#include <stdlib.h>
#include <unistd.h>

#define STAMP "2024-02-29T23:59:59.123Z "
#define STAMP_LEN (sizeof STAMP - 1)
#define LINE_MAX_LEN 1023 /* bytes of the longest line, with its newline */

int64_t os_wall_time_ms(void)
{
    return 1709251199123; /* date -ud 2024-02-29T23:59:59.123Z +%s%3N */
}

static int64_t now_ms;

int64_t os_clock_ms(void)
{
    return now_ms;
}

#define A_WHILE_MS 3600000 /* after it no line counts as a repeated one */

/* All that was written. The log is the program's only one: each test goes on where the one before stopped. */
static char all[8 << 20];
static size_t all_len;

/* One line of this many bytes, newline and stamp included, of which no two are the same for long. */
static void write_line(size_t len)
{
    static unsigned number;
    char text[LINE_MAX_LEN + 1];
    size_t body = len - STAMP_LEN - 1;
    for (size_t i = 0; i < body; i++)
        text[i] = (char)('a' + (number + i) % 26);
    text[body] = '\0';
    char digits[16];
    int digits_len = snprintf(digits, sizeof digits, "%u", number++);
    memcpy(text, digits, (size_t)digits_len < body ? (size_t)digits_len : body);
    now_ms += A_WHILE_MS;
    log_line("%s", text);
    all_len += (size_t)snprintf(all + all_len, sizeof all - all_len, STAMP "%s\n", text);
}

struct kept {
    struct buffer buffer;
    unsigned long long dropped; /* as the log says */
    const char *text;           /* what is kept */
    size_t len;
};

static void copy_log(struct kept *kept)
{
    int head = 0;
    buffer_init(&kept->buffer, 1 << 20);
    log_copy(&kept->buffer);
    buffer_append(&kept->buffer, "", 1);
    const char *text = (const char *)kept->buffer.data;
    kept->dropped = 0;
    if (sscanf(text, "(%llu bytes of older lines are gone)%n", &kept->dropped, &head) == 1)
        head++;
    kept->text = text + head;
    kept->len = kept->buffer.len - 1 - (size_t)head;
}

/* What is kept is the end of what was written, from the beginning of a line on, and the rest is counted. */
static void check_log(void)
{
    struct kept kept;
    copy_log(&kept);
    CHECK(kept.len <= LOG_SIZE);
    CHECK_INT(kept.dropped + kept.len, all_len);
    if (kept.len <= all_len) {
        CHECK(memcmp(kept.text, all + all_len - kept.len, kept.len) == 0);
        CHECK(kept.len == all_len || all[all_len - kept.len - 1] == '\n');
    }
    buffer_deinit(&kept.buffer);
}

static size_t kept_len(void)
{
    struct kept kept;
    copy_log(&kept);
    buffer_deinit(&kept.buffer);
    return kept.len;
}

static void lines_have_their_time(void)
{
    struct kept kept;
    log_line("child %d started", 5);
    all_len = (size_t)sprintf(all, "%s", "2024-02-29T23:59:59.123Z child 5 started\n");
    copy_log(&kept);
    CHECK_TEXT(kept.text, all);
    CHECK_INT(kept.dropped, 0);
    buffer_deinit(&kept.buffer);
}

static void control_characters_are_replaced(void)
{
    log_line("a\nb\tc\x1b[1m\x7f\xc3\xa9");
    all_len += (size_t)sprintf(all + all_len, STAMP "a?b?c?[1m?\xc3\xa9\n");
    check_log();
}

static void long_lines_are_cut_and_say_so(void)
{
    char text[2 * LINE_MAX_LEN];
    memset(text, 'x', sizeof text);
    size_t most = LINE_MAX_LEN - STAMP_LEN - 1; /* bytes that need no cut */
    log_line("%.*s", (int)most - 1, text);
    all_len += (size_t)sprintf(all + all_len, STAMP "%.*s\n", (int)most - 1, text);
    check_log();
    log_line("%.*s", (int)most + 1, text);
    struct kept kept;
    copy_log(&kept);
    size_t line = kept.len - all_len;
    CHECK(line <= LINE_MAX_LEN);
    CHECK(line >= LINE_MAX_LEN - 8);
    CHECK_TEXT(kept.text + kept.len - strlen("xx... (cut)\n"), "xx... (cut)\n");
    memcpy(all + all_len, kept.text + all_len, line);
    all_len += line;
    buffer_deinit(&kept.buffer);
    check_log();
}

/* Up to LOG_SIZE bytes to the last one. */
static void nothing_is_dropped_while_there_is_room(void)
{
    while (all_len + 2 * LINE_MAX_LEN < LOG_SIZE)
        write_line(LINE_MAX_LEN - 3);
    write_line((LOG_SIZE - all_len) / 2);
    write_line(LOG_SIZE - all_len);
    CHECK_INT(all_len, LOG_SIZE);
    CHECK_INT(kept_len(), LOG_SIZE);
    check_log();
}

static void the_oldest_quarter_goes_when_it_is_full(void)
{
    size_t before = all_len;
    write_line(STAMP_LEN + 2);
    check_log();
    size_t left = kept_len();
    CHECK(left <= LOG_SIZE - LOG_SIZE / 4 + STAMP_LEN + 2);
    CHECK(left > LOG_SIZE - LOG_SIZE / 4 - LINE_MAX_LEN); /* and no more than that, in whole lines */
    CHECK_INT(all_len - before, STAMP_LEN + 2);
}

static void a_quarter_that_ends_with_a_line(void)
{
    /* Lines of 32 bytes: LOG_SIZE / 4 is a whole number of them, so what is dropped must not take one more. */
    for (unsigned i = 0; i < 2 * LOG_SIZE / 32; i++)
        write_line(32);
    for (unsigned i = 0; i < LOG_SIZE / 32 && kept_len() != LOG_SIZE; i++)
        write_line(32); /* all of them are 32 bytes long now */
    check_log();
    write_line(32);
    CHECK_INT(kept_len(), LOG_SIZE - LOG_SIZE / 4 + 32);
    check_log();
}

static void lines_of_any_length_go_round_and_round(void)
{
    srand(check_seed());
    for (int round = 0; round < 40; round++) {
        for (int i = 0; i < 100; i++)
            write_line(STAMP_LEN + 1 + (size_t)rand() % (LINE_MAX_LEN - STAMP_LEN - 3));
        check_log();
    }
}

/* The last lines of the log, from the first that begins with this text. */
static const char *tail_from(struct kept *kept, const char *text)
{
    copy_log(kept);
    const char *at = strstr(kept->text, text);
    return at ? at : "(none)";
}

static void repeated_lines_are_told_once_with_their_count(void)
{
    struct kept kept;
    now_ms += A_WHILE_MS;
    for (int i = 0; i < 441; i++, now_ms += 2)
        log_line("10.0.0.%d: getfile: no", 1);
    CHECK_TEXT(tail_from(&kept, STAMP "10.0.0.1"),
               STAMP "10.0.0.1: getfile: no\n" STAMP "10.0.0.1: getfile: no (repeated 440 times in 0.9 s)\n");
    buffer_deinit(&kept.buffer);
    CHECK_TEXT(tail_from(&kept, STAMP "10.0.0.1"),
               STAMP "10.0.0.1: getfile: no\n" STAMP "10.0.0.1: getfile: no (repeated 440 times in 0.9 s)\n");
    buffer_deinit(&kept.buffer); /* being read changes nothing */
    log_line("another");
    log_line("10.0.0.1: getfile: no");
    now_ms += A_WHILE_MS;
    log_line("10.0.0.1: getfile: no"); /* its count is told first */
    CHECK_TEXT(tail_from(&kept, STAMP "another"),
               STAMP "another\n" STAMP "10.0.0.1: getfile: no (repeated 441 times in 0.9 s)\n" STAMP
                     "10.0.0.1: getfile: no (repeated 1 time in 0.0 s)\n");
    buffer_deinit(&kept.buffer);
    now_ms += A_WHILE_MS;
    log_line("end");
    copy_log(&kept); /* what follows compares with all that was written */
    all_len = kept.dropped;
    memcpy(all + all_len, kept.text, kept.len);
    all_len += kept.len;
    buffer_deinit(&kept.buffer);
    check_log();
}

/* The bytes of a file, and the log itself. */
static void it_is_saved_as_it_is(void)
{
    char path[] = "/tmp/test_log-XXXXXX", *text = malloc(1 << 20);
    struct error err;
    struct kept kept;
    int fd = mkstemp(path);
    if (fd < 0 || !text) {
        SKIP("no file can be made in /tmp");
        return;
    }
    close(fd);
    CHECK_INT(log_save(path, &err), 0);
    FILE *file = fopen(path, "r");
    size_t len = file ? fread(text, 1, 1 << 20, file) : 0;
    if (file)
        fclose(file);
    copy_log(&kept);
    CHECK(kept.dropped > 0);
    CHECK_INT(len, kept.buffer.len - 1);
    CHECK(memcmp(text, kept.buffer.data, len) == 0);
    buffer_deinit(&kept.buffer);
    free(text);
    remove(path);
    CHECK(log_save("/tmp/no/such/folder/x", &err) < 0);
    CHECK_TEXT(err.text, "could not write '/tmp/no/such/folder/x': No such file or directory");
}

int main(void)
{
    log_init(false);
    RUN(lines_have_their_time);
    RUN(control_characters_are_replaced);
    RUN(long_lines_are_cut_and_say_so);
    RUN(nothing_is_dropped_while_there_is_room);
    RUN(the_oldest_quarter_goes_when_it_is_full);
    RUN(a_quarter_that_ends_with_a_line);
    RUN(lines_of_any_length_go_round_and_round);
    RUN(repeated_lines_are_told_once_with_their_count);
    RUN(it_is_saved_as_it_is);
    return CHECK_RESULT();
}
