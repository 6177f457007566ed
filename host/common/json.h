/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes JSON (RFC 8259) into memory: always valid UTF-8, one line, no spaces.
 *
 * A text from a guest may be any bytes. Invalid UTF-8 is replaced by U+FFFD, one for each maximal subpart of an
 * ill-formed sequence (Unicode 15, section 3.9, like the WHATWG decoder and Python's errors="replace"). Nesting is
 * not checked: each _begin needs its _end.
 */
#ifndef HOST_COMMON_JSON_H
#define HOST_COMMON_JSON_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_MAX (256u << 20) /* bytes of one text */

struct json {
    struct buffer out; /* owned; out.failed once the text did not fit */
    bool comma;        /* the next value on this level needs a comma before it */
};

void json_init(struct json *json);
void json_deinit(struct json *json); /* accepts a zeroed one */

/* The key of each function is NULL within an array and for the outermost value. */

void json_object_begin(struct json *json, const char *key);
void json_object_end(struct json *json);
void json_array_begin(struct json *json, const char *key);
void json_array_end(struct json *json);
void json_text(struct json *json, const char *key, const char *text); /* NULL: null */
/* An object of texts "NAME=VALUE"; one without "=" is left out. The texts are written to meanwhile, and are as before then. */
void json_facts(struct json *json, const char *key, char *const *texts, size_t count);
void json_text_len(struct json *json, const char *key, const void *bytes, size_t len);
void json_number(struct json *json, const char *key, uint64_t value);
void json_integer(struct json *json, const char *key, int64_t value);
void json_decimal(struct json *json, const char *key, double value); /* three places; not a number: null */
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);

#endif
