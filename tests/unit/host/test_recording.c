/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The index of a recording: what is read of it, and where it ends. */
#include "tests/unit/check.h"

#include "host/timeline/recording.h"

#include <stdarg.h>
#include <zlib.h>

#define ROOM 16384

struct index {
    char text[ROOM];
    size_t len;
};

PRINTF_LIKE(2, 3)
static void add(struct index *index, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    index->len += (size_t)snprintf(index->text + index->len, ROOM - index->len, "%08lx %s\n",
                                   crc32(0, (const Bytef *)line, (uInt)len), line);
}

static int read_index(struct recording *recording, const struct index *index)
{
    struct error err;
    return recording_read(recording, (struct slice){(const uint8_t *)index->text, index->len}, &err);
}

static struct index usual(void)
{
    struct index index = {.len = 0};
    add(&index, "1000000 1700000000000000 start version=1 boot=aa agent=0.1.0 output=DP 1");
    add(&index, "1000000 1700000000000000 picture 1 xxh64:00 100x50 000001.png");
    add(&index, "2000000 1700000001000000 part 2 xxh64:01 100x50 000002.png base=1 at=10x20+30+5 moving=1");
    add(&index, "2500000 1700000001500000 same 1");
    add(&index, "2400000 1700000001400000 event 7 gpu 0000:01:00.0 reset pid=1");
    add(&index, "3000000 1700000002000000 later what no version knows yet");
    add(&index, "3000000 1700000002000000 fail the X server is gone");
    add(&index, "4000000 1700000003000000 picture 3 xxh64:02 64x64 000003.png");
    add(&index, "4000001 1700000003000001 dropped 2 bound of bytes");
    add(&index, "5000000 1700000004000000 stop asked");
    return index;
}

static void all_kinds_are_read_in_the_order_of_time(void)
{
    static const enum recording_kind kinds[] = {
        RECORDING_START, RECORDING_PICTURE, RECORDING_PICTURE, RECORDING_EVENT,   RECORDING_SAME,
        RECORDING_OTHER, RECORDING_FAIL,    RECORDING_PICTURE, RECORDING_DROPPED, RECORDING_STOP};
    static const int64_t times[] = {0, 0, 1000000, 1400000, 1500000, 2000000, 2000000, 3000000, 3000001, 4000000};
    struct index index = usual();
    struct recording r;
    CHECK_INT(read_index(&r, &index), 0);
    CHECK_INT(r.entry_count, 10);
    for (size_t i = 0; i < r.entry_count && i < 10; i++) {
        CHECK_INT(r.entries[i].kind, kinds[i]);
        CHECK_INT(r.entries[i].at_us, times[i]);
    }
    CHECK_INT(r.cut, 0);
    recording_free(&r);
}

static void pictures_know_their_place(void)
{
    struct index index = usual();
    struct recording r;
    CHECK_INT(read_index(&r, &index), 0);
    CHECK_INT(r.picture_count, 3);
    CHECK_INT(r.pictures[0].base, -1);
    CHECK_INT(r.pictures[0].w, 100);
    CHECK_INT(r.pictures[1].base, 0);
    CHECK_INT(r.pictures[1].x, 30);
    CHECK_INT(r.pictures[1].y, 5);
    CHECK_INT(r.pictures[1].w, 10);
    CHECK_INT(r.pictures[1].h, 20);
    CHECK(r.pictures[1].dropped && !r.pictures[0].dropped);
    CHECK_INT(r.entries[4].picture, 0);
    struct slice output = recording_fact(r.entries[0].text, "agent");
    CHECK_INT(output.len, 5);
    recording_free(&r);
}

/* A power cut may leave any length of the file, and a broken disk any byte. */
static void an_index_ends_before_its_first_bad_line(void)
{
    struct index index = usual();
    struct recording r;
    size_t first = (size_t)(strchr(index.text, '\n') - index.text) + 1;
    for (size_t len = 0; len < index.len; len++) {
        struct index cut = index;
        size_t lines = 0;
        cut.len = len;
        for (size_t i = 0; i < len; i++)
            lines += index.text[i] == '\n';
        int status = read_index(&r, &cut);
        CHECK_INT(status, lines ? 0 : ERR_INVALID);
        CHECK_INT(r.entry_count, lines);
        recording_free(&r);
    }
    for (size_t at = first; at < index.len; at++) {
        struct index wrong = index;
        size_t lines = 0;
        wrong.text[at] ^= 1;
        for (size_t i = 0; i < at; i++)
            lines += index.text[i] == '\n';
        CHECK_INT(read_index(&r, &wrong), 0);
        CHECK(r.entry_count <= lines);
        recording_free(&r);
    }
}

static void wrong_lines_are_refused(void)
{
    static const char *const lines[] = {
        "2 2 picture 2 xxh64:0 0x10 000002.png",
        "2 2 picture 2 xxh64:0 99999x10 000002.png",
        "2 2 picture 2 xxh64:0 10x10 ../../2.png",
        "2 2 picture 2 xxh64:0 10x10 000003.png",
        "2 2 picture 1 xxh64:0 10x10 000001.png",
        "2 2 picture 2 xxh64:0 10x10",
        "2 2 part 2 xxh64:0 100x50 000002.png base=9 at=1x1+0+0",
        "2 2 part 2 xxh64:0 100x50 000002.png base=1",
        "2 2 part 2 xxh64:0 100x50 000002.png base=1 at=71x1+30+0",
        "2 2 part 2 xxh64:0 100x50 000002.png base=1 at=1x1+100+0",
        "2 2 part 2 xxh64:0 100x50 000002.png base=1 at=1x46+0+5",
        "2 2 part 2 xxh64:0 90x50 000002.png base=1 at=1x1+0+0",
        "2 2 same 2",
        "2 2 same x",
        "99999999999999999999 2 stop x",
        "2 -2 stop x",
        "2 2 ",
        "2 2",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct index index = {.len = 0};
        struct recording r;
        add(&index, "1 1 start version=1 boot=a");
        add(&index, "1 1 picture 1 xxh64:0 100x50 000001.png");
        add(&index, "%s", lines[i]);
        CHECK_INT(read_index(&r, &index), 0);
        CHECK_INT(r.entry_count, 2);
        CHECK(r.cut > 0);
        recording_free(&r);
    }
}

static void another_boot_follows_by_the_wall_clock(void)
{
    struct index index = {.len = 0};
    struct recording r;
    add(&index, "900000000 1700000000000000 start version=1 boot=a");
    add(&index, "901000000 1700000001000000 picture 1 xxh64:0 100x50 000001.png");
    add(&index, "20000000 1700000061000000 start version=1 boot=b");
    add(&index, "21000000 1700000062000000 same 1");
    CHECK_INT(read_index(&r, &index), 0);
    CHECK_INT(r.boot_count, 2);
    CHECK_INT(r.entries[2].at_us, 61000000);
    CHECK_INT(r.entries[3].at_us, 62000000);
    CHECK_INT(recording_when(&r, 900500000, 1700000000500000), 500000);
    CHECK_INT(recording_when(&r, 20500000, 1700000061500000), 61500000);
    recording_free(&r);
}

static void boots_without_an_id_are_told_by_their_clock(void)
{
    struct index index = {.len = 0};
    struct recording r;
    add(&index, "900000000 1700000000000000 start version=1 boot= agent=1");
    add(&index, "901000000 1700000001000000 start version=1 boot=");
    add(&index, "20000000 1700000061000000 start version=1 boot=");
    CHECK_INT(read_index(&r, &index), 0);
    CHECK_INT(r.boot_count, 2);
    CHECK_INT(r.entries[1].at_us, 1000000);
    CHECK_INT(r.entries[2].at_us, 61000000);
    recording_free(&r);
}

/* The clock of the host that runs the test knows nothing of the guest's boot. */
static void times_of_another_machine_count_by_the_wall_clock(void)
{
    struct index index = usual();
    struct recording r;
    CHECK_INT(read_index(&r, &index), 0);
    CHECK_INT(recording_when(&r, 88000000000, 1700000001250000), 1250000);
    CHECK_INT(recording_when(&r, 2250000, 1700000001250000), 1250000);
    recording_free(&r);
}

static void a_clock_that_jumps_reorders_nothing(void)
{
    struct index index = {.len = 0};
    struct recording r;
    add(&index, "1000000 1700000000000000 start version=1 boot=a");
    add(&index, "2000000 1600000000000000 picture 1 xxh64:0 100x50 000001.png");
    add(&index, "3000000 1800000000000000 same 1");
    CHECK_INT(read_index(&r, &index), 0);
    CHECK_INT(r.entries[1].at_us, 1000000);
    CHECK_INT(r.entries[2].at_us, 2000000);
    recording_free(&r);
}

int main(void)
{
    RUN(all_kinds_are_read_in_the_order_of_time);
    RUN(pictures_know_their_place);
    RUN(an_index_ends_before_its_first_bad_line);
    RUN(wrong_lines_are_refused);
    RUN(another_boot_follows_by_the_wall_clock);
    RUN(boots_without_an_id_are_told_by_their_clock);
    RUN(times_of_another_machine_count_by_the_wall_clock);
    RUN(a_clock_that_jumps_reorders_nothing);
    return CHECK_RESULT();
}
