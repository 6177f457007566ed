/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads JSON (RFC 8259) that another program wrote, from memory: strict, and never deeper than JSON_DEPTH_MAX. It is
 * used for messages of which a few members of small objects are needed (QEMU's monitor, browsers): values are borrowed
 * parts of the text, and no tree is built.
 */
#ifndef HOST_COMMON_JSON_READ_H
#define HOST_COMMON_JSON_READ_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

#define JSON_DEPTH_MAX 32

struct json_value {
    const char *text; /* borrowed: the value without surrounding white space; NULL: none */
    size_t len;
};

/* Parses a text, which must be one value. Returns false, with no value, if it is not JSON. */
bool json_parse(struct json_value *value, const char *text, size_t len);
/* Finds the first member of that name (which needs no escapes) of an object that json_parse or json_member returned.
   Returns false, with no value, if it is no object or has no such member. */
bool json_member(const struct json_value *object, const char *name, struct json_value *value);
/* Goes through the values of an array that json_parse or json_member returned: the first returns false if it is none, the
   second once there are no more. */
struct json_items {
    const char *at, *end; /* borrowed */
};
bool json_items(const struct json_value *array, struct json_items *items);
bool json_next(struct json_items *items, struct json_value *value);
/* Appends a string's characters as UTF-8, without a NUL. An escaped unpaired surrogate becomes U+FFFD. Returns false if
   it is no string or does not fit. */
bool json_string(const struct json_value *value, struct buffer *out);

#endif
