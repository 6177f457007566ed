/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "protocol/wire.h"

#include <string.h>

static void write_big_endian(struct buffer *out, uint64_t value, int bytes)
{
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
        uint8_t byte = (uint8_t)(value >> shift);
        buffer_append(out, &byte, 1);
    }
}

void write_u32(struct buffer *out, uint32_t value)
{
    write_big_endian(out, value, 4);
}

void write_entry_header(struct buffer *out, enum wire_type type, uint64_t size)
{
    write_big_endian(out, type, 1);
    write_big_endian(out, size, 8);
}

void write_entry_u32(struct buffer *out, uint32_t value)
{
    write_entry_header(out, WIRE_U32, 4);
    write_u32(out, value);
}

void write_entry_u64(struct buffer *out, uint64_t value)
{
    write_entry_header(out, WIRE_U64, 8);
    write_big_endian(out, value, 8);
}

void write_entry_text(struct buffer *out, enum wire_type type, const char *text)
{
    size_t size = strlen(text) + 1;
    write_entry_header(out, type, size);
    buffer_append(out, text, size);
}

void write_entry_data(struct buffer *out, const void *bytes, size_t len)
{
    write_entry_header(out, WIRE_DATA, len);
    buffer_append(out, bytes, len);
}

void write_entry_undefined(struct buffer *out)
{
    write_entry_header(out, WIRE_UNDEFINED, 0);
}
