/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/desktop_state.h"

#include <string.h>

#define X(symbol, name) [symbol] = name,
static const char *const state_names[] = {DESKTOP_STATES(X)};
#undef X

const char *desktop_state_name(enum desktop_state state)
{
    return state_names[state];
}

enum desktop_state desktop_state_find(const char *name)
{
    int state = 0;
    while (state < DESKTOP_STATE_COUNT && strcmp(state_names[state], name) != 0)
        state++;
    return (enum desktop_state)state;
}
