/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/child/limit.h"

#include <string.h>

static const char *const action_names[] = {"picture", "windows", "stacks", "kill"}; /* by bit */
#define ACTIONS (sizeof action_names / sizeof *action_names)

static unsigned limit_find_action(const char *text, size_t len)
{
    for (size_t i = 0; i < ACTIONS; i++)
        if (strlen(action_names[i]) == len && strncmp(text, action_names[i], len) == 0)
            return 1u << i;
    return 0;
}

int limit_parse_actions(unsigned *actions, const char *text, struct error *err)
{
    *actions = 0;
    for (const char *at = text;; at++) {
        size_t len = strcspn(at, ",");
        unsigned action = limit_find_action(at, len);
        if (!action)
            return error_set(err, ERR_INVALID, "at-limit='%s' is no list of picture, windows, stacks and kill", text);
        *actions |= action;
        at += len;
        if (!*at)
            return 0;
    }
}

void limit_append_actions(struct buffer *out, unsigned actions)
{
    const char *comma = "";
    for (size_t i = 0; i < ACTIONS; i++) {
        if (!(actions & 1u << i))
            continue;
        buffer_printf(out, "%s%s", comma, action_names[i]);
        comma = ",";
    }
}
