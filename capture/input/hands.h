/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Does actions one after the other by a system's calls, and knows what is held by them. */
#ifndef CAPTURE_INPUT_HANDS_H
#define CAPTURE_INPUT_HANDS_H

#include "capture/input/action.h"

#define HANDS_KEYS_MAX 160

/* Each returns 0, or a status with the reason: the actions behind it are not done. */
struct hands_calls {
    int (*key)(void *context, const struct key *key, bool down, struct error *err);
    int (*button)(void *context, enum input_button button, bool down, struct error *err);
    int (*move)(void *context, int32_t x, int32_t y, struct error *err);
    int (*wheel)(void *context, int32_t dx, int32_t dy, struct error *err);
    int (*text)(void *context, const char *text, struct error *err);
};

struct hands {
    bool keys[HANDS_KEYS_MAX]; /* held, by their place in all_keys */
    bool buttons[BUTTON_COUNT];
};

int hands_do(struct hands *hands, const struct input_list *list, const struct hands_calls *calls, void *context,
             struct error *err);
/* Lets go of all that is held. Returns the first failure, after it has tried the others, too. */
int hands_release(struct hands *hands, const struct hands_calls *calls, void *context, struct error *err);

#endif
