/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/json_read.h"

#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

struct cursor {
    const char *at, *end;
};

static bool skip_value(struct cursor *c, int depth);

static char peek(const struct cursor *c)
{
    return c->at < c->end ? *c->at : 0;
}

static bool take(struct cursor *c, char wanted)
{
    if (peek(c) != wanted)
        return false;
    c->at++;
    return true;
}

static void skip_space(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
        c->at++;
}

static bool take_word(struct cursor *c, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(c->end - c->at) < len || memcmp(c->at, word, len) != 0)
        return false;
    c->at += len;
    return true;
}

static bool skip_digits(struct cursor *c)
{
    const char *start = c->at;
    while (peek(c) >= '0' && peek(c) <= '9')
        c->at++;
    return c->at > start;
}

static bool skip_number(struct cursor *c)
{
    take(c, '-');
    if (!take(c, '0') && !skip_digits(c))
        return false;
    if (take(c, '.') && !skip_digits(c))
        return false;
    if (!take(c, 'e') && !take(c, 'E'))
        return true;
    if (!take(c, '+'))
        take(c, '-');
    return skip_digits(c);
}

/* Four hexadecimal digits. */
static bool take_code(struct cursor *c, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdefABCDEF";
        const char *digit = peek(c) ? strchr(digits, peek(c)) : NULL;
        if (!digit)
            return false;
        *code = *code << 4 | (uint32_t)(digit - digits < 16 ? digit - digits : digit - digits - 6);
        c->at++;
    }
    return true;
}

static void put_utf8(struct buffer *out, uint32_t code)
{
    uint8_t bytes[4];
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = len; i-- > 1; code >>= 6)
        bytes[i] = (uint8_t)(0x80 | (code & 0x3f));
    bytes[0] = (uint8_t)(first[len] | code);
    buffer_append(out, bytes, len);
}

/* What stands behind "\u". Halves that do not make a pair are no characters. */
static bool take_escaped_code(struct cursor *c, uint32_t *code)
{
    uint32_t low;
    if (!take_code(c, code))
        return false;
    if (*code < 0xd800 || *code > 0xdfff)
        return true;
    struct cursor next = *c;
    bool is_pair =
        *code < 0xdc00 && take_word(&next, "\\u") && take_code(&next, &low) && low >= 0xdc00 && low <= 0xdfff;
    if (is_pair)
        *c = next;
    *code = is_pair ? 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00) : 0xfffd;
    return true;
}

static bool take_escape(struct cursor *c, struct buffer *out)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    uint32_t code;
    if (take(c, 'u')) {
        if (!take_escaped_code(c, &code))
            return false;
    } else {
        const char *letter = peek(c) ? strchr(letters, peek(c)) : NULL;
        if (!letter)
            return false;
        code = (uint8_t)meant[letter - letters];
        c->at++;
    }
    if (out)
        put_utf8(out, code);
    return true;
}

static bool take_character(struct cursor *c, struct buffer *out)
{
    uint32_t code;
    if (take(c, '\\'))
        return take_escape(c, out);
    size_t len = utf8_next((const uint8_t *)c->at, (size_t)(c->end - c->at), &code);
    if (code == UTF8_INVALID || code < 0x20)
        return false;
    if (out)
        buffer_append(out, c->at, len);
    c->at += len;
    return true;
}

/* out: NULL to pass over it. */
static bool take_string(struct cursor *c, struct buffer *out)
{
    if (!take(c, '"'))
        return false;
    while (c->at < c->end && *c->at != '"')
        if (!take_character(c, out))
            return false;
    return take(c, '"');
}

static bool skip_key(struct cursor *c)
{
    skip_space(c);
    if (!take_string(c, NULL))
        return false;
    skip_space(c);
    return take(c, ':');
}

/* What stands between the brackets, and the closing one. */
static bool skip_items(struct cursor *c, char end, bool keys, int depth)
{
    skip_space(c);
    if (take(c, end))
        return true;
    do {
        if ((keys && !skip_key(c)) || !skip_value(c, depth + 1))
            return false;
    } while (take(c, ','));
    return take(c, end);
}

/* With the space around it. */
static bool skip_value(struct cursor *c, int depth)
{
    bool good;
    if (depth > JSON_DEPTH_MAX)
        return false;
    skip_space(c);
    if (take(c, '{'))
        good = skip_items(c, '}', true, depth);
    else if (take(c, '['))
        good = skip_items(c, ']', false, depth);
    else if (peek(c) == '"')
        good = take_string(c, NULL);
    else
        good = take_word(c, "true") || take_word(c, "false") || take_word(c, "null") || skip_number(c);
    skip_space(c);
    return good;
}

static void set_value(struct json_value *value, const char *start, const char *end)
{
    struct cursor c = {start, end};
    skip_space(&c);
    while (end > c.at && strchr(" \t\n\r", end[-1]))
        end--;
    *value = (struct json_value){c.at, (size_t)(end - c.at)};
}

bool json_parse(struct json_value *value, const char *text, size_t len)
{
    struct cursor c = {text, text + len};
    *value = (struct json_value){0};
    if (!skip_value(&c, 1) || c.at != c.end)
        return false;
    set_value(value, text, c.end);
    return true;
}

bool json_member(const struct json_value *object, const char *name, struct json_value *value)
{
    *value = (struct json_value){0};
    if (!object->text)
        return false;
    struct cursor c = {object->text, object->text + object->len};
    size_t name_len = strlen(name);
    if (!take(&c, '{'))
        return false;
    do {
        skip_space(&c);
        const char *key = c.at;
        if (!skip_key(&c))
            return false;
        const char *start = c.at;
        bool found =
            (size_t)(start - key) > name_len + 1 && key[name_len + 1] == '"' && memcmp(key + 1, name, name_len) == 0;
        if (!skip_value(&c, 1))
            return false;
        if (found) {
            set_value(value, start, c.at);
            return true;
        }
    } while (take(&c, ','));
    return false;
}

bool json_string(const struct json_value *value, struct buffer *out)
{
    if (!value->text)
        return false;
    struct cursor c = {value->text, value->text + value->len};
    return take_string(&c, out) && c.at == c.end && !out->failed;
}
