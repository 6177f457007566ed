/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/input/action.h"

#include "base/number.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

static int action_refuse(const char *text, const char *expected, struct error *err)
{
    return error_set(err, ERR_INVALID, "input: '%.80s' is not %s", text, expected);
}

/* Parses "down", "up" or the word for both. */
static bool action_way(struct input_action *action, const char *way, const char *both)
{
    action->down = strcmp(way, "up") != 0;
    action->up = strcmp(way, "down") != 0;
    return !action->down || !action->up || strcmp(way, both) == 0;
}

static int action_key(struct input_action *action, const char *text, const char *value, struct error *err)
{
    size_t len = strcspn(value, ",");
    action->kind = INPUT_KEY;
    action->key = key_find(value, len);
    if (!action->key)
        return error_set(err, ERR_INVALID, "input: '%.80s': there is no key '%.*s'", text, len < 40 ? (int)len : 40,
                         value);
    return value[len] && action_way(action, value + len + 1, "press")
               ? 0
               : action_refuse(text, "key=CODE,down|up|press", err);
}

static int action_button(struct input_action *action, const char *text, const char *value, struct error *err)
{
    static const char *const names[BUTTON_COUNT] = {"left", "middle", "right", "back", "forward"};
    size_t len = strcspn(value, ",");
    int button = 0;
    while (button < BUTTON_COUNT && (strlen(names[button]) != len || strncmp(names[button], value, len) != 0))
        button++;
    action->kind = INPUT_BUTTON;
    action->button = (enum input_button)button;
    return button < BUTTON_COUNT && value[len] && action_way(action, value + len + 1, "click")
               ? 0
               : action_refuse(text, "button=left|middle|right|back|forward,down|up|click", err);
}

/* Parses a number with a sign, up to max, and moves *text behind it. */
static bool action_number(const char **text, int32_t max, int32_t *out)
{
    uint64_t value;
    bool negative = **text == '-';
    *text += negative;
    if (!number_take(text, (uint64_t)max, &value))
        return false;
    *out = negative ? -(int32_t)value : (int32_t)value;
    return true;
}

static bool action_pair(struct input_action *action, const char *value, int32_t max)
{
    return action_number(&value, max, &action->x) && *value++ == ',' && action_number(&value, max, &action->y) &&
           !*value;
}

static int action_move(struct input_action *action, const char *text, const char *value, struct error *err)
{
    action->kind = INPUT_MOVE;
    return action_pair(action, value, INPUT_PIXELS_MAX) && action->x >= 0 && action->y >= 0
               ? 0
               : action_refuse(text, "move=X,Y in pixels of the screen", err);
}

static int action_wheel(struct input_action *action, const char *text, const char *value, struct error *err)
{
    action->kind = INPUT_WHEEL;
    return action_pair(action, value, INPUT_NOTCHES_MAX)
               ? 0
               : action_refuse(text, "wheel=DX,DY with up to 100 notches each", err);
}

static int action_release(struct input_action *action, const char *text, const char *value, struct error *err)
{
    action->kind = INPUT_RELEASE;
    return strcmp(value, "all") == 0 ? 0 : action_refuse(text, "release=all", err);
}

/* Checks that keys can be meant by all of it: of control characters a new line, a tab, backspace and escape alone. */
static int action_text(struct input_action *action, const char *text, const char *value, struct error *err)
{
    uint32_t code;
    size_t left = strlen(value), len;
    action->kind = INPUT_TEXT;
    action->text = value;
    for (const char *at = value; left > 0; at += len, left -= len) {
        len = utf8_next((const uint8_t *)at, left, &code);
        if (code == UTF8_INVALID)
            return error_set(err, ERR_INVALID, "input: '%.80s' is not UTF-8", text);
        if ((code < ' ' && !strchr("\n\r\t\b\033", (int)code)) || (code >= 0x7f && code < 0xa0))
            return error_set(err, ERR_INVALID, "input: '%.80s' has the control character %u", text, (unsigned)code);
    }
    return 0;
}

static int action_parse(struct input_action *action, const char *text, struct error *err)
{
    static const struct {
        const char *prefix;
        int (*parse)(struct input_action *action, const char *text, const char *value, struct error *err);
    } kinds[] = {{"key=", action_key},       {"text=", action_text},   {"move=", action_move},
                 {"button=", action_button}, {"wheel=", action_wheel}, {"release=", action_release}};
    *action = (struct input_action){0};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t len = strlen(kinds[i].prefix);
        if (strncmp(text, kinds[i].prefix, len) == 0)
            return kinds[i].parse(action, text, text + len, err);
    }
    return error_set(err, ERR_INVALID, "input: unknown action '%.80s'", text);
}

/* Counts the characters of a text, which is UTF-8. */
static size_t action_length(const struct input_action *action)
{
    size_t count = 0;
    for (const char *at = action->text; at && *at; at++)
        count += ((unsigned char)*at & 0xc0) != 0x80;
    return count;
}

int input_list_parse(struct input_list *list, const struct strlist *texts, struct error *err)
{
    size_t characters = 0;
    *list = (struct input_list){0};
    if (texts->count > INPUT_ACTIONS_MAX)
        return error_set(err, ERR_LIMIT, "input: more than %d actions at once", INPUT_ACTIONS_MAX);
    list->items = calloc(texts->count + 1, sizeof *list->items);
    if (!list->items)
        return error_set(err, ERR_NO_MEMORY, "input: no memory for %zu actions", texts->count);
    for (; list->count < texts->count; list->count++) {
        struct input_action *action = &list->items[list->count];
        int status = action_parse(action, texts->items[list->count], err);
        if (status)
            return status;
        characters += action_length(action);
    }
    return characters > INPUT_CHARACTERS_MAX
               ? error_set(err, ERR_LIMIT, "input: more than %d characters at once", INPUT_CHARACTERS_MAX)
               : 0;
}

void input_list_deinit(struct input_list *list)
{
    free(list->items);
}

int input_check_move(const struct input_action *action, uint32_t width, uint32_t height, struct error *err)
{
    if ((uint32_t)action->x < width && (uint32_t)action->y < height)
        return 0;
    return error_set(err, ERR_INVALID, "input: 'move=%d,%d' is not on the screen of %ux%u", action->x, action->y, width,
                     height);
}
