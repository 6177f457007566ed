/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/progress.h"

#include "tests/unit/check.h"

#define MIB (UINT64_C(1) << 20)

static const char *bytes(uint64_t value)
{
    static char text[16];
    progress_bytes(text, sizeof text, value);
    return text;
}

static void bytes_have_four_characters_at_most(void)
{
    CHECK_TEXT(bytes(0), "0 B");
    CHECK_TEXT(bytes(999), "999 B");
    CHECK_TEXT(bytes(1000), "1.0 KiB");
    CHECK_TEXT(bytes(1536), "1.5 KiB");
    CHECK_TEXT(bytes(102195), "99.8 KiB");
    CHECK_TEXT(bytes(102349), "100 KiB");
    CHECK_TEXT(bytes(1023487), "999 KiB");
    CHECK_TEXT(bytes(1023488), "1.0 MiB");
    CHECK_TEXT(bytes(MIB * 1024), "1.0 GiB");
    CHECK_TEXT(bytes(UINT64_MAX), "16.0 EiB");
}

static const char *duration(int64_t ms)
{
    static char text[16];
    progress_time(text, sizeof text, ms);
    return text;
}

static void times(void)
{
    CHECK_TEXT(duration(0), "0:00");
    CHECK_TEXT(duration(59999), "0:59");
    CHECK_TEXT(duration(60000), "1:00");
    CHECK_TEXT(duration(3599000), "59:59");
    CHECK_TEXT(duration(3600000), "1:00:00");
    CHECK_TEXT(duration(359999000), "99:59:59");
    CHECK_TEXT(duration(360000000), "99 h+");
    CHECK_TEXT(duration(INT64_MAX), "99 h+");
}

static const char *line(int columns, const char *label, uint64_t done, uint64_t total, int64_t elapsed_ms)
{
    static char text[PROGRESS_SIZE];
    struct progress progress = {label, done, total, elapsed_ms};
    progress_line(text, columns, &progress);
    return text;
}

static void line_has_all_where_there_is_room(void)
{
    CHECK_TEXT(line(79, "a.bin", 25 * MIB, 100 * MIB, 1000),
               "a.bin 25.0 MiB/100 MiB  25% 25.0 MiB/s 0:03 left [#######---------------------]");
    CHECK_TEXT(line(79, "a.bin", 100 * MIB, 100 * MIB, 4000),
               "a.bin 100 MiB/100 MiB 100% 25.0 MiB/s [######################################]");
}

static void line_without_a_total_has_no_share(void)
{
    CHECK_TEXT(line(79, "-", 25 * MIB, PROGRESS_UNKNOWN, 1000), "- 25.0 MiB 25.0 MiB/s");
}

static void line_at_the_start_and_of_nothing(void)
{
    CHECK_TEXT(line(60, "a", 0, 10, 0), "a 0 B/10 B   0% [--------------------------------------]");
    CHECK_TEXT(line(60, "a", 0, 0, 0), "a 0 B/0 B 100% [######################################]");
}

static void line_drops_the_bar_then_cuts_the_label(void)
{
    CHECK_TEXT(line(56, "C:\\temp\\a.bin", 25 * MIB, 100 * MIB, 1000),
               "C:\\temp\\a.bin 25.0 MiB/100 MiB  25% 25.0 MiB/s 0:03 left");
    CHECK_TEXT(line(54, "C:\\temp\\a.bin", 25 * MIB, 100 * MIB, 1000),
               "...mp\\a.bin 25.0 MiB/100 MiB  25% 25.0 MiB/s 0:03 left");
}

static void line_never_exceeds_its_columns(void)
{
    for (int columns = 1; columns < 300; columns++)
        for (uint64_t total = 1; total < (UINT64_C(1) << 62); total *= 1000) {
            int len = (int)strlen(line(columns, "a rather long name of a file.bin", total / 3, total, 12345));
            CHECK(len > 0 && len <= columns);
        }
}

static void line_has_no_control_characters(void)
{
    CHECK_TEXT(line(79, "a\x1b[2J\n\xc3\xa4", 0, PROGRESS_UNKNOWN, 0), "a?[2J??? 0 B");
}

int main(void)
{
    RUN(bytes_have_four_characters_at_most);
    RUN(times);
    RUN(line_has_all_where_there_is_room);
    RUN(line_without_a_total_has_no_share);
    RUN(line_at_the_start_and_of_nothing);
    RUN(line_drops_the_bar_then_cuts_the_label);
    RUN(line_never_exceeds_its_columns);
    RUN(line_has_no_control_characters);
    return CHECK_RESULT();
}
