/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/common/json.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

void json_init(struct json *json)
{
    *json = (struct json){0};
    buffer_init(&json->out, JSON_MAX);
}

void json_deinit(struct json *json)
{
    buffer_deinit(&json->out);
}

/* Escapes a character. One beyond U+FFFF becomes a surrogate pair. */
static void json_put_control(struct buffer *out, uint32_t c)
{
    static const char letters[] = "\bb\ff\nn\rr\tt\"\"\\\\";
    for (const char *p = letters; *p; p += 2)
        if (c < 0x80 && *p == (char)c) {
            buffer_printf(out, "\\%c", p[1]);
            return;
        }
    if (c > 0xffff)
        buffer_printf(out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + ((c - 0x10000) & 0x3ff));
    else
        buffer_printf(out, "\\u%04x", c);
}

static void json_put_string(struct buffer *out, const uint8_t *p, size_t left)
{
    buffer_append(out, "\"", 1);
    while (left > 0) {
        uint32_t code;
        size_t part = utf8_next(p, left, &code);
        if (code == UTF8_INVALID)
            buffer_append(out, "\xef\xbf\xbd", 3);
        else if (code == '"' || code == '\\' || !utf8_is_printable(code))
            json_put_control(out, code);
        else
            buffer_append(out, p, part);
        p += part;
        left -= part;
    }
    buffer_append(out, "\"", 1);
}

static void json_put_key(struct json *json, const char *key)
{
    if (json->comma)
        buffer_append(&json->out, ",", 1);
    json->comma = true;
    if (!key)
        return;
    json_put_string(&json->out, (const uint8_t *)key, strlen(key));
    buffer_append(&json->out, ":", 1);
}

static void json_begin(struct json *json, const char *key, const char *bracket)
{
    json_put_key(json, key);
    buffer_append(&json->out, bracket, 1);
    json->comma = false;
}

static void json_end(struct json *json, const char *bracket)
{
    buffer_append(&json->out, bracket, 1);
    json->comma = true;
}

void json_object_begin(struct json *json, const char *key)
{
    json_begin(json, key, "{");
}

void json_object_end(struct json *json)
{
    json_end(json, "}");
}

void json_array_begin(struct json *json, const char *key)
{
    json_begin(json, key, "[");
}

void json_array_end(struct json *json)
{
    json_end(json, "]");
}

void json_text(struct json *json, const char *key, const char *text)
{
    if (text)
        json_text_len(json, key, text, strlen(text));
    else
        json_null(json, key);
}

void json_text_len(struct json *json, const char *key, const void *bytes, size_t len)
{
    json_put_key(json, key);
    json_put_string(&json->out, bytes, len);
}

void json_number(struct json *json, const char *key, uint64_t value)
{
    json_put_key(json, key);
    buffer_printf(&json->out, "%" PRIu64, value);
}

void json_integer(struct json *json, const char *key, int64_t value)
{
    json_put_key(json, key);
    buffer_printf(&json->out, "%" PRId64, value);
}

void json_decimal(struct json *json, const char *key, double value)
{
    json_put_key(json, key);
    if (isfinite(value))
        buffer_printf(&json->out, "%.3f", value);
    else
        buffer_append(&json->out, "null", 4);
}

void json_bool(struct json *json, const char *key, bool value)
{
    json_put_key(json, key);
    buffer_printf(&json->out, "%s", value ? "true" : "false");
}

void json_null(struct json *json, const char *key)
{
    json_put_key(json, key);
    buffer_append(&json->out, "null", 4);
}

void json_facts(struct json *json, const char *key, char *const *texts, size_t count)
{
    json_object_begin(json, key);
    for (size_t i = 0; i < count; i++) {
        char *equals = strchr(texts[i], '=');
        if (!equals)
            continue;
        *equals = '\0';
        json_text(json, texts[i], equals + 1);
        *equals = '=';
    }
    json_object_end(json);
}
