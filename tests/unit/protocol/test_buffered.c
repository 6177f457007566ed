/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "protocol/buffered.h"
#include "tests/unit/check.h"

/* A stream of the bytes 0, 1, 2, ... whose fills are counted and may be short. */
struct stream {
    size_t pos, end, step, fills, largest;
    int status; /* given at the end in place of 0 */
};

static int fill(void *context, void *bytes, size_t max, struct error *err)
{
    struct stream *stream = context;
    size_t len = stream->end - stream->pos;
    stream->fills++;
    if (max > stream->largest)
        stream->largest = max;
    if (len == 0)
        return stream->status ? error_set(err, stream->status, "the stream broke") : 0;
    if (len > max)
        len = max;
    if (len > stream->step)
        len = stream->step;
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)bytes)[i] = (uint8_t)(stream->pos + i);
    stream->pos += len;
    return (int)len;
}

static bool counts_on(const uint8_t *bytes, size_t len, size_t from)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != (uint8_t)(from + i))
            return false;
    return true;
}

static void small_reads_share_a_fill(void)
{
    struct stream stream = {.end = 100, .step = 100};
    struct buffered_source in;
    struct error err;
    uint8_t room[16], got[16];
    buffered_init(&in, fill, &stream, room, sizeof room);
    CHECK(!buffered_has_bytes(&in));
    for (size_t i = 0; i < 4; i++) {
        CHECK_INT(source_read(&in.source, got, 4, &err), 0);
        CHECK(counts_on(got, 4, i * 4));
        CHECK_INT(buffered_has_bytes(&in), i < 3);
    }
    CHECK_INT(stream.fills, 1);
}

static void a_large_read_goes_past_the_buffer(void)
{
    struct stream stream = {.end = 200, .step = 200};
    struct buffered_source in;
    struct error err;
    uint8_t room[16], got[200];
    buffered_init(&in, fill, &stream, room, sizeof room);
    CHECK_INT(source_read(&in.source, got, 3, &err), 0);
    CHECK_INT(source_read(&in.source, got + 3, 100, &err), 0); /* 13 of the buffer, then 87 at once */
    CHECK(counts_on(got, 103, 0));
    CHECK_INT(stream.fills, 2);
    CHECK_INT(stream.largest, 87);
    CHECK(!buffered_has_bytes(&in));
}

static void short_fills_lose_nothing(void)
{
    for (size_t step = 1; step < 20; step++) {
        struct stream stream = {.end = 100, .step = step};
        struct buffered_source in;
        struct error err;
        uint8_t room[8], got[100];
        buffered_init(&in, fill, &stream, room, sizeof room);
        CHECK_INT(source_read(&in.source, got, 5, &err), 0);
        CHECK_INT(source_read(&in.source, got + 5, 50, &err), 0);
        CHECK_INT(source_read(&in.source, got + 55, 45, &err), 0);
        CHECK(counts_on(got, 100, 0));
        CHECK_INT(source_read(&in.source, got, 1, &err), ERR_CLOSED);
    }
}

static void a_failure_of_the_stream_is_the_sources(void)
{
    struct stream stream = {.end = 0, .status = ERR_TIMEOUT};
    struct buffered_source in;
    struct error err;
    uint8_t room[8], byte;
    buffered_init(&in, fill, &stream, room, sizeof room);
    CHECK_INT(source_read(&in.source, &byte, 1, &err), ERR_TIMEOUT);
    CHECK_TEXT(err.text, "the stream broke");
}

static void cleared_bytes_are_never_read(void)
{
    struct stream stream = {.end = 100, .step = 8};
    struct buffered_source in;
    struct error err;
    uint8_t room[8], got[4];
    buffered_init(&in, fill, &stream, room, sizeof room);
    CHECK_INT(source_read(&in.source, got, 4, &err), 0);
    buffered_clear(&in);
    CHECK_INT(source_read(&in.source, got, 4, &err), 0);
    CHECK(counts_on(got, 4, 8));
}

int main(void)
{
    RUN(small_reads_share_a_fill);
    RUN(a_large_read_goes_past_the_buffer);
    RUN(short_fills_lose_nothing);
    RUN(a_failure_of_the_stream_is_the_sources);
    RUN(cleared_bytes_are_never_read);
    return CHECK_RESULT();
}
