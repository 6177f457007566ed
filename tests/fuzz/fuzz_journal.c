/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal's lines. An odd first byte: the input is a file, and its lines hold or don't. An even one: it is payloads, a
 * line each, which get good sums, so that all of them are parsed. What is read is written again and read again: the same
 * records. */
#include "agent/journal/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void add_line(struct buffer *out, uint32_t *chain, const uint8_t *payload, size_t len)
{
    char head[32];
    int digits = snprintf(head, sizeof head, " %zu ", len);
    *chain = journal_crc(journal_crc(*chain, head, (size_t)digits), payload, len);
    buffer_printf(out, "%08x%s", (unsigned)*chain, head);
    buffer_append(out, payload, len);
    buffer_append(out, "\n", 1);
}

static void add_lines(struct buffer *out, const uint8_t *bytes, size_t len)
{
    uint32_t chain = 0;
    while (len > 0) {
        const uint8_t *end = memchr(bytes, '\n', len);
        size_t line = end ? (size_t)(end - bytes) : len;
        if (line > 0)
            add_line(out, &chain, bytes, line);
        bytes += end ? line + 1 : line;
        len -= end ? line + 1 : line;
    }
}

/* Writes what is read, and returns how many records. */
static size_t copy_records(const struct buffer *in, struct buffer *out)
{
    struct journal_reader reader = {.bytes = (char *)in->data, .len = in->len};
    struct journal_record record;
    uint32_t chain = 0;
    size_t count = 0, before = 0;
    for (; journal_record_read(&reader, &record); count++) {
        require(reader.at > before && reader.at <= reader.len && record.kind < JOURNAL_KIND_COUNT);
        before = reader.at;
        journal_record_append(out, &chain, &record);
    }
    require(reader.at <= reader.len);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct buffer in, once, twice;
    if (len == 0)
        return 0;
    buffer_init(&in, 16u << 20);
    buffer_init(&once, 16u << 20);
    buffer_init(&twice, 16u << 20);
    if (bytes[0] & 1)
        buffer_append(&in, bytes + 1, len - 1);
    else
        add_lines(&in, bytes + 1, len - 1);
    size_t count = in.len ? copy_records(&in, &once) : 0;
    if (count > 0) {
        struct buffer copy;
        buffer_init(&copy, 16u << 20);
        buffer_append(&copy, once.data, once.len);
        require(copy_records(&copy, &twice) == count);
        require(twice.len == once.len && memcmp(twice.data, once.data, once.len) == 0);
        buffer_deinit(&copy);
    }
    buffer_deinit(&in);
    buffer_deinit(&once);
    buffer_deinit(&twice);
    return 0;
}
