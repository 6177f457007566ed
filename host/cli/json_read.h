/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads JSON (RFC 8259) that another program wrote, from memory: strict, and never deeper than JSON_DEPTH_MAX. Only what
 * QEMU's monitor says is read here, which is a few members of small objects: values are borrowed pieces of the text, and
 * nothing is built from it. */
#ifndef HOST_CLI_JSON_READ_H
#define HOST_CLI_JSON_READ_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

#define JSON_DEPTH_MAX 32

struct json_value {
    const char *text; /* borrowed: the value without the space around it; NULL: there is none */
    size_t len;
};

/* The one value that the text is. False, with no value, when it is not JSON. */
bool json_parse(struct json_value *value, const char *text, size_t len);
/* The first member of that name (which needs no escapes) of an object that json_parse gave, or a part of one. False, with
   no value: no object, or no such member. */
bool json_member(const struct json_value *object, const char *name, struct json_value *value);
/* Appends a string's characters as UTF-8, without a NUL. An escaped half of a surrogate pair becomes U+FFFD. False: no
   string, or no room. */
bool json_string(const struct json_value *value, struct buffer *out);

#endif
