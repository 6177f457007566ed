/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/tar.h"
#include "base/number.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The fields of a header, by their first byte and length. */
enum {
    NAME = 0,
    NAME_SIZE = 100,
    MODE = 100,
    MODE_SIZE = 8,
    UID = 108,
    GID = 116,
    SIZE = 124,
    SIZE_SIZE = 12,
    MTIME = 136,
    MTIME_SIZE = 12,
    CHECKSUM = 148,
    CHECKSUM_SIZE = 8,
    TYPE = 156,
    TARGET = 157,
    TARGET_SIZE = 100,
    MAGIC = 257,
    PREFIX = 345,
    PREFIX_SIZE = 155
};
#define OCTAL_MAX UINT64_C(077777777777) /* of 11 digits */
#define PAX 'x'
#define PAX_GLOBAL 'g'
#define GNU_NAME 'L'
#define GNU_TARGET 'K'

/* ---- writing ---- */

static void tar_octal(uint8_t *field, size_t size, uint64_t value)
{
    field[size - 1] = 0;
    for (size_t i = size - 1; i-- > 0; value >>= 3)
        field[i] = (uint8_t)('0' + (value & 7));
}

static unsigned tar_checksum(const uint8_t block[TAR_BLOCK])
{
    unsigned sum = 0;
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += i >= CHECKSUM && i < CHECKSUM + CHECKSUM_SIZE ? ' ' : block[i];
    return sum;
}

/* Copies a text that fits; what does not fit stands in an extended header, and its beginning here. */
static void tar_text(uint8_t *field, size_t size, const char *text)
{
    size_t len = strlen(text);
    memcpy(field, text, len < size ? len : size);
}

static void tar_block(struct buffer *out, char type, const char *path, const struct tar_entry *entry, uint64_t size)
{
    uint8_t *block = buffer_extend(out, TAR_BLOCK);
    if (!block)
        return;
    memset(block, 0, TAR_BLOCK);
    int64_t seconds = entry->mtime_ns / TAR_NS - (entry->mtime_ns % TAR_NS < 0);
    tar_text(block + NAME, NAME_SIZE, path);
    tar_octal(block + MODE, MODE_SIZE, entry->mode & 07777);
    tar_octal(block + UID, 8, 0);
    tar_octal(block + GID, 8, 0);
    tar_octal(block + SIZE, SIZE_SIZE, size <= OCTAL_MAX ? size : 0);
    tar_octal(block + MTIME, MTIME_SIZE, seconds < 0 ? 0 : (uint64_t)seconds);
    block[TYPE] = (uint8_t)type;
    tar_text(block + TARGET, TARGET_SIZE, type == TAR_LINK ? entry->target : "");
    memcpy(block + MAGIC,
           "ustar\0"
           "00",
           8);
    snprintf((char *)block + CHECKSUM, CHECKSUM_SIZE, "%06o", tar_checksum(block));
    block[CHECKSUM + 7] = ' ';
}

/* Appends a record of an extended header: its own length, digits and all, begins it. */
static void tar_record(struct buffer *out, const char *key, const char *value)
{
    size_t rest = strlen(key) + strlen(value) + 3, len = rest + 1;
    for (size_t power = 10; len >= power; power *= 10)
        len = rest + (size_t)snprintf(NULL, 0, "%zu", len);
    len = rest + (size_t)snprintf(NULL, 0, "%zu", len);
    buffer_printf(out, "%zu %s=%s\n", len, key, value);
}

static void tar_zeroes(struct buffer *out, size_t len)
{
    uint8_t *room = buffer_extend(out, len);
    if (room)
        memset(room, 0, len);
}

static void tar_records(struct buffer *out, const struct tar_entry *entry)
{
    char number[48];
    bool is_text = utf8_valid(entry->path) && utf8_valid(entry->target);
    int64_t seconds = entry->mtime_ns / TAR_NS - (entry->mtime_ns % TAR_NS < 0);
    if (!is_text)
        tar_record(out, "hdrcharset", "BINARY");
    if (!is_text || strlen(entry->path) > NAME_SIZE)
        tar_record(out, "path", entry->path);
    if (*entry->target && (!is_text || strlen(entry->target) > TARGET_SIZE))
        tar_record(out, "linkpath", entry->target);
    snprintf(number, sizeof number, "%llu", (unsigned long long)entry->size);
    if (entry->size > OCTAL_MAX)
        tar_record(out, "size", number);
    /* Before 1970 a sign stands before the whole number, so that -1.5 s is "-1.5". */
    long part = (long)(entry->mtime_ns - seconds * TAR_NS);
    bool turn = entry->mtime_ns < 0 && part;
    snprintf(number, sizeof number, "%s%lld.%09ld", entry->mtime_ns < 0 ? "-" : "",
             (long long)(entry->mtime_ns < 0 ? -seconds - turn : seconds), turn ? (long)TAR_NS - part : part);
    if (part || seconds < 0 || (uint64_t)seconds > OCTAL_MAX)
        tar_record(out, "mtime", number);
}

void tar_write(struct buffer *out, const struct tar_entry *entry)
{
    static char none[1];
    static const struct tar_entry plain = {.mode = 0644, .target = none};
    struct buffer records;
    buffer_init(&records, TAR_EXTENDED_MAX);
    tar_records(&records, entry);
    if (records.len) {
        tar_block(out, PAX, "PaxHeader", &plain, records.len);
        buffer_append(out, records.data, records.len);
        tar_zeroes(out, tar_padding(records.len));
    }
    out->failed |= records.failed;
    buffer_deinit(&records);
    tar_block(out, entry->type, entry->path, entry, entry->size);
}

size_t tar_padding(uint64_t size)
{
    return (size_t)(-size % TAR_BLOCK);
}

void tar_write_end(struct buffer *out)
{
    tar_zeroes(out, 2 * TAR_BLOCK);
}

/* ---- reading ---- */

void tar_reader_init(struct tar_reader *reader)
{
    *reader = (struct tar_reader){0};
    buffer_init(&reader->extra, TAR_EXTENDED_MAX + 1);
}

/* Forgets the texts and numbers of the entry before. */
static void tar_forget(struct tar_reader *reader)
{
    free(reader->entry.path);
    free(reader->entry.target);
    reader->entry = (struct tar_entry){0};
    reader->has_size = reader->has_mtime = false;
}

void tar_reader_deinit(struct tar_reader *reader)
{
    tar_forget(reader);
    buffer_deinit(&reader->extra);
}

static int tar_bad(struct error *err, const char *what)
{
    return error_set(err, ERR_INVALID, "not a tar stream: %s", what);
}

/* Parses a number: octal digits between blanks, or GNU's bytes behind a first one of 0x80. */
static bool tar_number(const uint8_t *field, size_t size, uint64_t *value)
{
    size_t i = 0;
    *value = 0;
    if (field[0] == 0x80) {
        for (i = 1; i < size; i++) {
            if (*value >> 56)
                return false;
            *value = *value << 8 | field[i];
        }
        return true;
    }
    while (i < size && field[i] == ' ')
        i++;
    for (; i < size && field[i] >= '0' && field[i] <= '7'; i++)
        *value = *value << 3 | (field[i] - '0'); /* 12 digits at most */
    return i == size || field[i] == 0 || field[i] == ' ';
}

/* Replaces a text of the entry. NULL without memory. */
static bool tar_set_text(char **text, const void *bytes, size_t len)
{
    char *copy = malloc(len + 1);
    if (!copy)
        return false;
    memcpy(copy, bytes, len);
    copy[len] = 0;
    free(*text);
    *text = copy;
    return true;
}

/* Parses "-1.5" as nanoseconds; what is finer is cut off. */
static bool tar_time(const char *text, int64_t *ns)
{
    uint64_t seconds, scale = TAR_NS / 10, part = 0;
    bool negative = *text == '-';
    text += negative;
    if (!number_take(&text, INT64_MAX / TAR_NS - 1, &seconds))
        return false;
    if (*text == '.')
        for (text++; *text >= '0' && *text <= '9'; text++, scale /= 10)
            part += (uint64_t)(*text - '0') * scale;
    *ns = (int64_t)(seconds * (uint64_t)TAR_NS + part) * (negative ? -1 : 1);
    return !*text;
}

static int tar_take_record(struct tar_reader *reader, const char *key, char *value, size_t len, struct error *err)
{
    const char *number = value;
    bool is_path = strcmp(key, "path") == 0, is_target = strcmp(key, "linkpath") == 0;
    if (is_path || is_target) {
        if (len >= TAR_NAME_MAX)
            return error_set(err, ERR_LIMIT, "a name of %zu bytes in a tar stream", len);
        if (len == 0 || strlen(value) != len)
            return tar_bad(err, "a name is empty or has a NUL in it");
        return tar_set_text(is_path ? &reader->entry.path : &reader->entry.target, value, len)
                   ? 0
                   : error_set(err, ERR_NO_MEMORY, "no memory for a name");
    }
    if (strncmp(key, "GNU.sparse.", 11) == 0)
        return error_set(err, ERR_INVALID, "a sparse file in a tar stream is not read");
    if (strcmp(key, "size") == 0) {
        reader->has_size = number_take(&number, INT64_MAX, &reader->size) && !*number;
        return reader->has_size ? 0 : tar_bad(err, "a size is wrong");
    }
    if (strcmp(key, "mtime") == 0)
        reader->has_mtime = tar_time(value, &reader->mtime_ns);
    return 0;
}

/* Parses "LENGTH KEY=VALUE\n", in place. Returns its length, or a negative status. */
static int tar_parse_record(struct tar_reader *reader, char *record, size_t left, struct error *err)
{
    const char *next = record;
    uint64_t len;
    if (!number_take(&next, left, &len) || *next != ' ')
        return tar_bad(err, "an extended header is wrong");
    char *key = record + (next + 1 - record), *end = record + len - 1;
    if (end <= key || *end != '\n')
        return tar_bad(err, "an extended header is wrong");
    *end = 0;
    char *equals = memchr(key, '=', (size_t)(end - key));
    if (!equals)
        return tar_bad(err, "an extended header is wrong");
    *equals = 0;
    int status = tar_take_record(reader, key, equals + 1, (size_t)(end - equals - 1), err);
    return status ? status : (int)len;
}

static int tar_take_extra(struct tar_reader *reader, struct error *err)
{
    struct buffer *extra = &reader->extra;
    char *text = (char *)extra->data;
    int status = 0;
    if (!buffer_append(extra, "", 1))
        return error_set(err, ERR_NO_MEMORY, "no memory for an extended header");
    text = (char *)extra->data;
    size_t len = extra->len - 1;
    if (reader->extra_type == GNU_NAME)
        status = tar_take_record(reader, "path", text, strlen(text), err);
    else if (reader->extra_type == GNU_TARGET)
        status = tar_take_record(reader, "linkpath", text, strlen(text), err);
    for (size_t at = 0; reader->extra_type == PAX && at < len;) {
        int step = tar_parse_record(reader, text + at, len - at, err);
        if (step < 0)
            return step;
        at += (size_t)step;
    }
    buffer_clear(extra);
    return status;
}

/* Takes path and target from the header where no extended one has told them. */
static bool tar_take_names(struct tar_reader *reader)
{
    const char *block = (const char *)reader->block;
    char path[NAME_SIZE + PREFIX_SIZE + 2] = "";
    bool is_posix = memcmp(block + MAGIC, "ustar\0", 6) == 0;
    int prefix_len = is_posix ? (int)strnlen(block + PREFIX, PREFIX_SIZE) : 0;
    snprintf(path, sizeof path, "%.*s%s%.*s", prefix_len, block + PREFIX, prefix_len ? "/" : "", (int)NAME_SIZE,
             block + NAME);
    if (!reader->entry.path && !tar_set_text(&reader->entry.path, path, strlen(path)))
        return false;
    return reader->entry.target ||
           tar_set_text(&reader->entry.target, block + TARGET, strnlen(block + TARGET, TARGET_SIZE));
}

static bool tar_is_zero(const uint8_t block[TAR_BLOCK])
{
    size_t i = 0;
    while (i < TAR_BLOCK && block[i] == 0)
        i++;
    return i == TAR_BLOCK;
}

static int tar_begin_extra(struct tar_reader *reader, char type, uint64_t size, struct error *err)
{
    if (size > TAR_EXTENDED_MAX)
        return error_set(err, ERR_LIMIT, "an extended header of %llu bytes in a tar stream", (unsigned long long)size);
    reader->extra_type = type;
    reader->left = size;
    reader->skip = tar_padding(size);
    return size ? TAR_MORE : tar_take_extra(reader, err);
}

static int tar_begin_entry(struct tar_reader *reader, char type, uint64_t size, uint64_t mode, uint64_t mtime,
                           struct error *err)
{
    struct tar_entry *entry = &reader->entry;
    if (!tar_take_names(reader))
        return error_set(err, ERR_NO_MEMORY, "no memory for a name");
    size_t len = strlen(entry->path);
    entry->type = type == 0 ? TAR_FILE : type;
    if (type == 0 && len > 0 && entry->path[len - 1] == '/')
        entry->type = TAR_FOLDER; /* as before POSIX */
    entry->size = reader->has_size ? reader->size : size;
    entry->mode = (uint32_t)mode & 07777;
    entry->mtime_ns = reader->has_mtime ? reader->mtime_ns : (int64_t)mtime * TAR_NS;
    if (entry->type == TAR_LINK || entry->type == TAR_HARD_LINK || entry->type == TAR_FOLDER)
        entry->size = 0;
    reader->left = entry->size;
    reader->skip = tar_padding(entry->size);
    reader->in_content = true;
    return TAR_ENTRY;
}

static int tar_take_header(struct tar_reader *reader, struct error *err)
{
    const uint8_t *block = reader->block;
    uint64_t sum, size, mode, mtime;
    char type = (char)block[TYPE];
    reader->have = 0;
    if (tar_is_zero(block)) {
        reader->ended = true;
        return TAR_END;
    }
    if (!tar_number(block + CHECKSUM, CHECKSUM_SIZE, &sum) || sum != tar_checksum(block))
        return tar_bad(err, "the checksum of a header is wrong");
    if (!tar_number(block + SIZE, SIZE_SIZE, &size) || size > INT64_MAX || !tar_number(block + MODE, MODE_SIZE, &mode))
        return tar_bad(err, "a number of a header is wrong");
    if (!tar_number(block + MTIME, MTIME_SIZE, &mtime))
        mtime = 0; /* before 1970, by GNU's way */
    if (mtime > (uint64_t)(INT64_MAX / TAR_NS - 1))
        mtime = (uint64_t)(INT64_MAX / TAR_NS - 1);
    if (type == PAX || type == PAX_GLOBAL || type == GNU_NAME || type == GNU_TARGET)
        return tar_begin_extra(reader, type, size, err);
    return tar_begin_entry(reader, type, size, mode, mtime, err);
}

static size_t tar_step(uint64_t want, size_t *len)
{
    size_t step = want < *len ? (size_t)want : *len;
    *len -= step;
    return step;
}

/* Takes the next bytes of content or of an extended header. */
static int tar_take_bytes(struct tar_reader *reader, const uint8_t **bytes, size_t *len, struct error *err)
{
    size_t step = tar_step(reader->left, len);
    const uint8_t *from = *bytes;
    *bytes += step;
    reader->left -= step;
    if (reader->in_content) {
        reader->content = (struct slice){from, step};
        return TAR_CONTENT;
    }
    if (!buffer_append(&reader->extra, from, step))
        return error_set(err, ERR_NO_MEMORY, "no memory for an extended header");
    return reader->left == 0 ? tar_take_extra(reader, err) : TAR_MORE;
}

int tar_read(struct tar_reader *reader, const uint8_t **bytes, size_t *len, struct error *err)
{
    int event = TAR_MORE;
    while (event == TAR_MORE && !reader->ended) {
        if (reader->left == 0 && reader->in_content) {
            reader->in_content = false;
            return TAR_DONE;
        }
        if (*len == 0)
            return TAR_MORE;
        if (reader->left > 0) {
            event = tar_take_bytes(reader, bytes, len, err);
        } else if (reader->skip > 0) {
            size_t step = tar_step(reader->skip, len);
            *bytes += step;
            reader->skip -= step;
        } else {
            if (reader->have == 0 && reader->entry.type)
                tar_forget(reader);
            size_t step = tar_step(TAR_BLOCK - reader->have, len);
            memcpy(reader->block + reader->have, *bytes, step);
            *bytes += step;
            reader->have += step;
            if (reader->have == TAR_BLOCK)
                event = tar_take_header(reader, err);
        }
    }
    if (reader->ended)
        *len = 0;
    return reader->ended ? TAR_END : event;
}
