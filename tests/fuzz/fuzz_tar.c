/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tar stream that comes in pieces: the first byte of the input chooses their length. What is read is written again, and
 * read as the same. */
#include "base/tar.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* Writes the entry, and reads it back. */
static void check_entry(const struct tar_entry *entry)
{
    struct buffer out;
    struct tar_reader reader;
    struct error err;
    buffer_init(&out, 8 * TAR_EXTENDED_MAX);
    tar_reader_init(&reader);
    tar_write(&out, entry);
    require(!out.failed && out.len % TAR_BLOCK == 0);
    const uint8_t *next = out.data;
    size_t left = out.len;
    require(tar_read(&reader, &next, &left, &err) == TAR_ENTRY && left == 0);
    require(strcmp(reader.entry.path, entry->path) == 0 && reader.entry.type == entry->type);
    require(entry->type != TAR_LINK || strcmp(reader.entry.target, entry->target) == 0);
    require(reader.entry.size == entry->size && reader.entry.mode == entry->mode);
    require(reader.entry.mtime_ns == entry->mtime_ns);
    tar_reader_deinit(&reader);
    buffer_deinit(&out);
}

static bool is_ours(const struct tar_entry *entry)
{
    return *entry->path && (entry->type == TAR_FILE || entry->type == TAR_LINK || entry->type == TAR_FOLDER);
}

/* Reads one piece. Returns whether the stream goes on. */
static bool read_piece(struct tar_reader *reader, const uint8_t *piece, size_t len, uint64_t *content)
{
    struct error err = {0};
    int event;
    while ((event = tar_read(reader, &piece, &len, &err)) != TAR_MORE && event != TAR_END && event >= 0) {
        if (event == TAR_CONTENT)
            *content += reader->content.len;
        if (event == TAR_ENTRY)
            *content = 0;
        if (event == TAR_DONE)
            require(*content == reader->entry.size);
        if (event == TAR_ENTRY && is_ours(&reader->entry))
            check_entry(&reader->entry);
    }
    require(event >= 0 || err.text[0] != 0);
    require(event < 0 || len == 0);
    return event == TAR_MORE;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct tar_reader reader;
    uint64_t content = 0;
    bool goes_on = len > 0;
    size_t step = len > 0 ? bytes[0] * 8u + 1u : 1;
    tar_reader_init(&reader);
    for (size_t at = 1; at < len && goes_on; at += step)
        goes_on = read_piece(&reader, bytes + at, len - at < step ? len - at : step, &content);
    tar_reader_deinit(&reader);
    return 0;
}
