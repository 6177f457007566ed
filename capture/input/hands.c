/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/input/hands.h"

static int hands_key(struct hands *hands, const struct input_action *action, const struct hands_calls *calls,
                     void *context, struct error *err)
{
    bool *held = &hands->keys[action->key - all_keys];
    int status = action->down ? calls->key(context, action->key, true, err) : 0;
    *held = *held || (action->down && status == 0);
    if (status == 0 && action->up) {
        status = calls->key(context, action->key, false, err);
        *held = *held && status != 0;
    }
    return status;
}

static int hands_button(struct hands *hands, const struct input_action *action, const struct hands_calls *calls,
                        void *context, struct error *err)
{
    bool *held = &hands->buttons[action->button];
    int status = action->down ? calls->button(context, action->button, true, err) : 0;
    *held = *held || (action->down && status == 0);
    if (status == 0 && action->up) {
        status = calls->button(context, action->button, false, err);
        *held = *held && status != 0;
    }
    return status;
}

int hands_release(struct hands *hands, const struct hands_calls *calls, void *context, struct error *err)
{
    struct error other;
    int status = 0;
    for (size_t i = 0; i < BUTTON_COUNT; i++)
        if (hands->buttons[i]) {
            int got = calls->button(context, (enum input_button)i, false, status ? &other : err);
            hands->buttons[i] = false;
            status = status ? status : got;
        }
    for (size_t i = 0; i < all_keys_count; i++)
        if (hands->keys[i]) {
            int got = calls->key(context, &all_keys[i], false, status ? &other : err);
            hands->keys[i] = false;
            status = status ? status : got;
        }
    return status;
}

static int hands_act(struct hands *hands, const struct input_action *action, const struct hands_calls *calls,
                     void *context, struct error *err)
{
    switch (action->kind) {
    case INPUT_KEY:
        return hands_key(hands, action, calls, context, err);
    case INPUT_BUTTON:
        return hands_button(hands, action, calls, context, err);
    case INPUT_MOVE:
        return calls->move(context, action->x, action->y, err);
    case INPUT_WHEEL:
        return calls->wheel(context, action->x, action->y, err);
    case INPUT_TEXT:
        return calls->text(context, action->text, err);
    case INPUT_RELEASE:
        return hands_release(hands, calls, context, err);
    }
    return 0;
}

int hands_do(struct hands *hands, const struct input_list *list, const struct hands_calls *calls, void *context,
             struct error *err)
{
    int status = 0;
    for (size_t i = 0; i < list->count && status == 0; i++)
        status = hands_act(hands, &list->items[i], calls, context, err);
    return status;
}
