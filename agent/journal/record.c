/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/journal/record.h"
#include "base/field.h"
#include "base/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CRC_DIGITS 8
#define LINE_HEAD_SIZE 32 /* bytes: the digits of CRC and length, with their blanks */

static const struct {
    const char *name;
    int numbers, texts;
} kinds[JOURNAL_KIND_COUNT] = {
#define X(symbol, name, numbers, texts) [JOURNAL_##symbol] = {name, numbers, texts},
    JOURNAL_KINDS(X)
#undef X
};

/* Takes four bits at a time: a table for eight would be as large as all of this file. */
uint32_t journal_crc(uint32_t crc, const void *bytes, size_t len)
{
    static const uint32_t table[16] = {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
                                       0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
                                       0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};
    const uint8_t *at = bytes;
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc = table[(crc ^ at[i]) & 15] ^ crc >> 4;
        crc = table[(crc ^ (uint32_t)at[i] >> 4) & 15] ^ crc >> 4;
    }
    return ~crc;
}

/* ---- writing ---- */

/* A clock may be set to before 1970. */
static int64_t not_negative(int64_t ms)
{
    return ms < 0 ? 0 : ms;
}

static void append_payload(struct buffer *out, const struct journal_record *record, bool with_texts)
{
    int numbers = kinds[record->kind].numbers, texts = kinds[record->kind].texts;
    buffer_printf(out, "%s\t%" PRId64 "\t%" PRId64, kinds[record->kind].name, not_negative(record->boot_ms),
                  not_negative(record->wall_ms));
    for (int i = 0; i < numbers; i++)
        buffer_printf(out, "\t%" PRIu64, record->numbers[i]);
    for (int i = 0; i < texts; i++) {
        const char *text = with_texts && record->texts[i] ? record->texts[i] : "";
        buffer_append(out, "\t", 1);
        field_append(out, text, strlen(text));
    }
}

void journal_record_append(struct buffer *out, uint32_t *chain, const struct journal_record *record)
{
    char payload_bytes[JOURNAL_LINE_MAX], head[LINE_HEAD_SIZE];
    struct buffer payload;
    buffer_init_fixed(&payload, payload_bytes, sizeof payload_bytes);
    append_payload(&payload, record, true);
    if (payload.failed) {
        buffer_clear(&payload);
        append_payload(&payload, record, false);
    }
    int len = snprintf(head, sizeof head, " %zu ", payload.len);
    *chain = journal_crc(journal_crc(*chain, head, (size_t)len), payload.data, payload.len);
    buffer_printf(out, "%08" PRIx32 "%s%.*s\n", *chain, head, (int)payload.len, (const char *)payload.data);
}

/* ---- reading ---- */

/* Takes eight digits as they were written: lower case alone. */
static bool take_crc(const char *text, uint32_t *crc)
{
    *crc = 0;
    for (int i = 0; i < CRC_DIGITS; i++) {
        char c = text[i];
        bool digit = c >= '0' && c <= '9';
        if (!digit && (c < 'a' || c > 'f'))
            return false;
        *crc = *crc << 4 | (uint32_t)(digit ? c - '0' : c - 'a' + 10);
    }
    return true;
}

/* Finds the payload of the next line and moves behind the line, or returns NULL where it is not whole. */
static char *take_line(struct journal_reader *reader)
{
    const char *line = reader->bytes + reader->at;
    size_t left = reader->len - reader->at, head = CRC_DIGITS + 1, len = 0;
    uint32_t crc;
    if (left < head + 3 || !take_crc(line, &crc) || line[CRC_DIGITS] != ' ' || line[head] == '0')
        return NULL;
    for (; head < left && line[head] >= '0' && line[head] <= '9' && len <= JOURNAL_LINE_MAX; head++)
        len = len * 10 + (size_t)(line[head] - '0');
    if (len > JOURNAL_LINE_MAX || left - head < len + 2 || line[head] != ' ' || line[head + 1 + len] != '\n')
        return NULL;
    if (journal_crc(reader->chain, line + CRC_DIGITS, head + 1 + len - CRC_DIGITS) != crc)
        return NULL;
    char *payload = reader->bytes + reader->at + head + 1;
    payload[len] = '\0';
    reader->chain = crc;
    reader->at += head + len + 2;
    return payload;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Returns the byte behind a backslash, and moves behind it; -1: there is none. */
static int take_escaped(const char **at)
{
    static const char from[] = "tnr\\", to[] = "\t\n\r\\";
    const char *found = **at ? strchr(from, **at) : NULL;
    if (found) {
        ++*at;
        return to[found - from];
    }
    if (**at != 'x' || hex_digit((*at)[1]) < 0 || hex_digit((*at)[2]) < 0)
        return -1;
    *at += 3;
    return hex_digit((*at)[-2]) << 4 | hex_digit((*at)[-1]);
}

/* Undoes field_append() in place. */
static bool unescape(char *text)
{
    char *to = text;
    for (const char *at = text; *at;) {
        if (*at != '\\') {
            *to++ = *at++;
            continue;
        }
        at++;
        int byte = take_escaped(&at);
        if (byte <= 0)
            return false;
        *to++ = (char)byte;
    }
    *to = '\0';
    return true;
}

/* Returns the next field, which ends in a NUL then, or NULL when there is none. */
static char *take_field(char **at)
{
    char *field = *at;
    if (!field)
        return NULL;
    char *tab = strchr(field, '\t');
    if (tab)
        *tab = '\0';
    *at = tab ? tab + 1 : NULL;
    return field;
}

static bool take_number(char **at, uint64_t max, uint64_t *number)
{
    const char *field = take_field(at);
    return field && number_take(&field, max, number) && !*field;
}

static enum journal_kind find_kind(const char *name)
{
    enum journal_kind kind = 0;
    while (kind < JOURNAL_KIND_COUNT && strcmp(kinds[kind].name, name) != 0)
        kind++;
    return kind;
}

static bool parse_payload(char *payload, struct journal_record *record)
{
    uint64_t times[2];
    *record = (struct journal_record){.kind = find_kind(take_field(&payload))};
    if (record->kind == JOURNAL_KIND_COUNT)
        return true;
    bool good = take_number(&payload, INT64_MAX, &times[0]) && take_number(&payload, INT64_MAX, &times[1]);
    for (int i = 0; i < kinds[record->kind].numbers && good; i++)
        good = take_number(&payload, UINT64_MAX, &record->numbers[i]);
    for (int i = 0; i < kinds[record->kind].texts && good; i++) {
        char *text = take_field(&payload);
        record->texts[i] = text;
        good = text && unescape(text);
    }
    if (good) {
        record->boot_ms = (int64_t)times[0];
        record->wall_ms = (int64_t)times[1];
    }
    return good;
}

bool journal_record_read(struct journal_reader *reader, struct journal_record *record)
{
    for (;;) {
        struct journal_reader before = *reader;
        char *payload = take_line(reader);
        if (!payload)
            return false;
        if (!parse_payload(payload, record)) {
            *reader = before;
            return false;
        }
        if (record->kind != JOURNAL_KIND_COUNT)
            return true;
    }
}
