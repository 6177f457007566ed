/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A list as the host and the capture worker's parent read it: each entry by what its type says, or skipped. What was
 * read is written again and must be the bytes it came from. The first byte of the input chooses how many bytes come at
 * a time and, by its highest bit, whether every second entry is skipped. */
#include "protocol/wire.h"
#include "tests/memory_source.h"

#include <stdlib.h>

#define TEXT_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static int copy_data(struct list_reader *list, uint64_t size, struct buffer *out, struct error *err)
{
    uint8_t piece[100];
    int got;
    write_entry_header(out, WIRE_DATA, size);
    while ((got = list_read_data(list, piece, sizeof piece, err)) > 0)
        buffer_append(out, piece, (size_t)got);
    return got;
}

static int copy_text(struct list_reader *list, enum wire_type type, struct buffer *out, struct error *err)
{
    char *text;
    int status = list_read_text(list, TEXT_MAX, &text, err);
    require((status == 0) == (text != NULL));
    if (text) {
        require(strlen(text) < TEXT_MAX);
        write_entry_text(out, type, text);
    }
    free(text);
    return status;
}

static int copy_entry(struct list_reader *list, const struct entry *entry, struct buffer *out, struct error *err)
{
    uint32_t number = 0;
    uint64_t wide = 0;
    int status;
    switch (entry->type) {
    case WIRE_U32:
        status = list_read_u32(list, &number, err);
        write_entry_u32(out, number);
        return status;
    case WIRE_U64:
        status = list_read_u64(list, &wide, err);
        write_entry_u64(out, wide);
        return status;
    case WIRE_STRING:
    case WIRE_ERROR:
        return copy_text(list, entry->type, out, err);
    default:
        status = copy_data(list, entry->size, out, err);
        if (out->len >= WIRE_ENTRY_HEADER_SIZE + entry->size && !status)
            out->data[out->len - entry->size - WIRE_ENTRY_HEADER_SIZE] = (uint8_t)entry->type;
        return status;
    }
}

static void read_list(struct memory_source *memory, bool skipping)
{
    struct list_reader list;
    struct entry entry;
    struct error err = {0};
    struct buffer again;
    if (list_read_begin(&list, &memory->source, &err))
        return;
    buffer_init(&again, 1u << 20);
    int got;
    while ((got = list_read_entry(&list, &entry, &err)) > 0) {
        require(list.index <= list.count);
        if (skipping && list.index % 2)
            continue;
        buffer_clear(&again);
        if (copy_entry(&list, &entry, &again, &err) == 0) {
            require(list.left == 0 && again.len == WIRE_ENTRY_HEADER_SIZE + entry.size);
            require(memcmp(again.data, memory->bytes - again.len, again.len) == 0);
        }
    }
    require(got < 0 || list.index == list.count);
    require(list_read_end(&list, &err) == got || got < 0);
    buffer_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len == 0)
        return 0;
    struct memory_source memory = memory_source(bytes + 1, len - 1, (bytes[0] & 0x7fu) + 1u);
    read_list(&memory, bytes[0] & 0x80);
    return 0;
}
