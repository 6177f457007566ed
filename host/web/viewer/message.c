/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/viewer/message.h"

#include "base/buffer.h"
#include "base/number.h"
#include "host/common/json_read.h"

#include <string.h>

/* Reads a string without a NUL in it into a text of that size. */
static bool message_text(const struct json_value *value, char *text, size_t size)
{
    struct buffer out;
    buffer_init_fixed(&out, text, size - 1);
    bool good = json_string(value, &out) && memchr(text, 0, out.len) == NULL;
    text[good ? out.len : 0] = '\0';
    return good;
}

static int message_member_text(const struct json_value *object, const char *name, char *text, struct error *err)
{
    struct json_value value;
    if (json_member(object, name, &value) && message_text(&value, text, MESSAGE_NAME_MAX) && *text)
        return 0;
    return error_set(err, ERR_INVALID, "\"%s\" is no text of 1 to %d bytes", name, MESSAGE_NAME_MAX - 1);
}

static int message_member_number(const struct json_value *object, const char *name, uint32_t *number, struct error *err)
{
    struct json_value value;
    char digits[12];
    uint64_t wide;
    const char *end = digits;
    if (json_member(object, name, &value) && value.len < sizeof digits) {
        memcpy(digits, value.text, value.len);
        digits[value.len] = '\0';
        if (number_take(&end, UINT32_MAX, &wide) && !*end) {
            *number = (uint32_t)wide;
            return 0;
        }
    }
    return error_set(err, ERR_INVALID, "\"%s\" is no number from 0 to %u", name, UINT32_MAX);
}

static int message_add_item(struct strlist *list, const struct json_value *item, size_t longest, struct error *err)
{
    char text[MESSAGE_ACTION_MAX + 1];
    if (!message_text(item, text, longest + 1))
        return error_set(err, ERR_INVALID, "item %zu of a list is no text of at most %zu bytes", list->count, longest);
    return strlist_add(list, text) ? 0 : error_set(err, ERR_NO_MEMORY, "no memory for a list");
}

/* Reads an array of strings. */
static int message_list(struct message *message, const struct json_value *object, const char *name, size_t most,
                        size_t longest, struct error *err)
{
    struct json_value array, item;
    struct json_items items;
    if (!json_member(object, name, &array) || !json_items(&array, &items))
        return error_set(err, ERR_INVALID, "\"%s\" is no list", name);
    while (json_next(&items, &item)) {
        if (message->list.count == most)
            return error_set(err, ERR_INVALID, "\"%s\" has more than %zu items", name, most);
        int status = message_add_item(&message->list, &item, longest, err);
        if (status)
            return status;
    }
    return 0;
}

static bool message_is_null(const struct json_value *value)
{
    return !value->text || (value->len == 4 && memcmp(value->text, "null", 4) == 0);
}

static int message_watch(struct message *message, const struct json_value *object, struct error *err)
{
    struct json_value output;
    int status = message_member_text(object, "guest", message->guest, err);
    if (status)
        return status;
    json_member(object, "output", &output);
    message->on = !message_is_null(&output);
    return message->on ? message_member_text(object, "output", message->text, err) : 0;
}

static int message_follow(struct message *message, const struct json_value *object, struct error *err)
{
    int status = message_member_number(object, "id", &message->number, err);
    if (!status)
        status = message_member_text(object, "guest", message->guest, err);
    return status ? status : message_member_text(object, "what", message->text, err);
}

static int message_drive(struct message *message, const struct json_value *object, struct error *err)
{
    struct json_value on;
    if (!json_member(object, "on", &on) || (*on.text != 't' && *on.text != 'f'))
        return error_set(err, ERR_INVALID, "\"on\" is neither true nor false");
    message->on = *on.text == 't';
    return message->on ? message_member_text(object, "name", message->text, err) : 0;
}

static int message_read(struct message *message, const struct json_value *object, struct error *err)
{
    switch (message->kind) {
    case MESSAGE_WALL:
        return message_list(message, object, "view", MESSAGE_NAMES_MAX, MESSAGE_NAME_MAX - 1, err);
    case MESSAGE_WATCH:
        return message_watch(message, object, err);
    case MESSAGE_DRAWN:
        return message_member_number(object, "frame", &message->number, err);
    case MESSAGE_FOLLOW:
        return message_follow(message, object, err);
    case MESSAGE_UNFOLLOW:
        return message_member_number(object, "id", &message->number, err);
    case MESSAGE_DRIVE:
        return message_drive(message, object, err);
    case MESSAGE_INPUT:
        return message_list(message, object, "actions", MESSAGE_ACTIONS_MAX, MESSAGE_ACTION_MAX, err);
    case MESSAGE_UNWATCH:
    case MESSAGE_PING:
        break;
    }
    return 0;
}

static int message_find_kind(struct message *message, const char *name, struct error *err)
{
    static const char *const names[] = {"wall",     "watch", "unwatch", "drawn", "follow",
                                        "unfollow", "drive", "input",   "ping"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) {
            message->kind = (enum message_kind)i;
            return 0;
        }
    return error_set(err, ERR_INVALID, "there is no message \"%.40s\"", name);
}

int message_parse(struct message *message, const char *bytes, size_t len, struct error *err)
{
    struct json_value object;
    char kind[MESSAGE_NAME_MAX];
    *message = (struct message){0};
    if (len > MESSAGE_MAX)
        return error_set(err, ERR_INVALID, "a message has %zu bytes, more than %d", len, MESSAGE_MAX);
    if (!json_parse(&object, bytes, len))
        return error_set(err, ERR_INVALID, "a message is no JSON");
    int status = message_member_text(&object, "t", kind, err);
    if (!status)
        status = message_find_kind(message, kind, err);
    if (!status)
        status = message_read(message, &object, err);
    if (status)
        message_deinit(message);
    return status;
}

void message_deinit(struct message *message)
{
    strlist_deinit(&message->list);
    *message = (struct message){0};
}
