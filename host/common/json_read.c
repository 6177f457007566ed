/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/common/json_read.h"

#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

struct cursor {
    const char *at, *end;
};

static bool cursor_skip_value(struct cursor *c, int depth);

static char cursor_peek(const struct cursor *c)
{
    return c->at < c->end ? *c->at : 0;
}

static bool cursor_take(struct cursor *c, char wanted)
{
    if (cursor_peek(c) != wanted)
        return false;
    c->at++;
    return true;
}

static void cursor_skip_space(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
        c->at++;
}

static bool cursor_take_word(struct cursor *c, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(c->end - c->at) < len || memcmp(c->at, word, len) != 0)
        return false;
    c->at += len;
    return true;
}

static bool cursor_skip_digits(struct cursor *c)
{
    const char *start = c->at;
    while (cursor_peek(c) >= '0' && cursor_peek(c) <= '9')
        c->at++;
    return c->at > start;
}

static bool cursor_skip_number(struct cursor *c)
{
    cursor_take(c, '-');
    if (!cursor_take(c, '0') && !cursor_skip_digits(c))
        return false;
    if (cursor_take(c, '.') && !cursor_skip_digits(c))
        return false;
    if (!cursor_take(c, 'e') && !cursor_take(c, 'E'))
        return true;
    if (!cursor_take(c, '+'))
        cursor_take(c, '-');
    return cursor_skip_digits(c);
}

/* Reads four hexadecimal digits. */
static bool cursor_take_code(struct cursor *c, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdefABCDEF";
        const char *digit = cursor_peek(c) ? strchr(digits, cursor_peek(c)) : NULL;
        if (!digit)
            return false;
        *code = *code << 4 | (uint32_t)(digit - digits < 16 ? digit - digits : digit - digits - 6);
        c->at++;
    }
    return true;
}

static void json_put_utf8(struct buffer *out, uint32_t code)
{
    uint8_t bytes[4];
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = len; i-- > 1; code >>= 6)
        bytes[i] = (uint8_t)(0x80 | (code & 0x3f));
    bytes[0] = (uint8_t)(first[len] | code);
    buffer_append(out, bytes, len);
}

/* Reads the digits after "\u", and the second half of a surrogate pair. An unpaired surrogate is U+FFFD. */
static bool cursor_take_escaped_code(struct cursor *c, uint32_t *code)
{
    uint32_t low;
    if (!cursor_take_code(c, code))
        return false;
    if (*code < 0xd800 || *code > 0xdfff)
        return true;
    struct cursor next = *c;
    bool is_pair = *code < 0xdc00 && cursor_take_word(&next, "\\u") && cursor_take_code(&next, &low) && low >= 0xdc00 &&
                   low <= 0xdfff;
    if (is_pair)
        *c = next;
    *code = is_pair ? 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00) : 0xfffd;
    return true;
}

static bool cursor_take_escape(struct cursor *c, struct buffer *out)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    uint32_t code;
    if (cursor_take(c, 'u')) {
        if (!cursor_take_escaped_code(c, &code))
            return false;
    } else {
        const char *letter = cursor_peek(c) ? strchr(letters, cursor_peek(c)) : NULL;
        if (!letter)
            return false;
        code = (uint8_t)meant[letter - letters];
        c->at++;
    }
    if (out)
        json_put_utf8(out, code);
    return true;
}

static bool cursor_take_character(struct cursor *c, struct buffer *out)
{
    uint32_t code;
    if (cursor_take(c, '\\'))
        return cursor_take_escape(c, out);
    size_t len = utf8_next((const uint8_t *)c->at, (size_t)(c->end - c->at), &code);
    if (code == UTF8_INVALID || code < 0x20)
        return false;
    if (out)
        buffer_append(out, c->at, len);
    c->at += len;
    return true;
}

/* Reads a string. out: NULL to skip it. */
static bool cursor_take_string(struct cursor *c, struct buffer *out)
{
    if (!cursor_take(c, '"'))
        return false;
    while (c->at < c->end && *c->at != '"')
        if (!cursor_take_character(c, out))
            return false;
    return cursor_take(c, '"');
}

static bool cursor_skip_key(struct cursor *c)
{
    cursor_skip_space(c);
    if (!cursor_take_string(c, NULL))
        return false;
    cursor_skip_space(c);
    return cursor_take(c, ':');
}

/* Skips the contents of brackets and the closing one. */
static bool cursor_skip_items(struct cursor *c, char end, bool keys, int depth)
{
    cursor_skip_space(c);
    if (cursor_take(c, end))
        return true;
    do {
        if ((keys && !cursor_skip_key(c)) || !cursor_skip_value(c, depth + 1))
            return false;
    } while (cursor_take(c, ','));
    return cursor_take(c, end);
}

/* Skips a value with the white space around it. */
static bool cursor_skip_value(struct cursor *c, int depth)
{
    bool good;
    if (depth > JSON_DEPTH_MAX)
        return false;
    cursor_skip_space(c);
    if (cursor_take(c, '{'))
        good = cursor_skip_items(c, '}', true, depth);
    else if (cursor_take(c, '['))
        good = cursor_skip_items(c, ']', false, depth);
    else if (cursor_peek(c) == '"')
        good = cursor_take_string(c, NULL);
    else
        good = cursor_take_word(c, "true") || cursor_take_word(c, "false") || cursor_take_word(c, "null") ||
               cursor_skip_number(c);
    cursor_skip_space(c);
    return good;
}

static void json_set_value(struct json_value *value, const char *start, const char *end)
{
    struct cursor c = {start, end};
    cursor_skip_space(&c);
    while (end > c.at && strchr(" \t\n\r", end[-1]))
        end--;
    *value = (struct json_value){c.at, (size_t)(end - c.at)};
}

bool json_parse(struct json_value *value, const char *text, size_t len)
{
    struct cursor c = {text, text + len};
    *value = (struct json_value){0};
    if (!cursor_skip_value(&c, 1) || c.at != c.end)
        return false;
    json_set_value(value, text, c.end);
    return true;
}

bool json_member(const struct json_value *object, const char *name, struct json_value *value)
{
    *value = (struct json_value){0};
    if (!object->text)
        return false;
    struct cursor c = {object->text, object->text + object->len};
    size_t name_len = strlen(name);
    if (!cursor_take(&c, '{'))
        return false;
    do {
        cursor_skip_space(&c);
        const char *key = c.at;
        if (!cursor_skip_key(&c))
            return false;
        const char *start = c.at;
        bool found =
            (size_t)(start - key) > name_len + 1 && key[name_len + 1] == '"' && memcmp(key + 1, name, name_len) == 0;
        if (!cursor_skip_value(&c, 1))
            return false;
        if (found) {
            json_set_value(value, start, c.at);
            return true;
        }
    } while (cursor_take(&c, ','));
    return false;
}

bool json_items(const struct json_value *array, struct json_items *items)
{
    if (!array->text)
        return false;
    struct cursor c = {array->text, array->text + array->len};
    if (!cursor_take(&c, '['))
        return false;
    cursor_skip_space(&c);
    *items = (struct json_items){c.at, c.end};
    return true;
}

bool json_next(struct json_items *items, struct json_value *value)
{
    struct cursor c = {items->at, items->end};
    if (cursor_peek(&c) == ']' || !cursor_skip_value(&c, 1))
        return false;
    json_set_value(value, items->at, c.at);
    cursor_take(&c, ',');
    items->at = c.at;
    return true;
}

bool json_string(const struct json_value *value, struct buffer *out)
{
    if (!value->text)
        return false;
    struct cursor c = {value->text, value->text + value->len};
    return cursor_take_string(&c, out) && c.at == c.end && !out->failed;
}
