/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a person at the screen is to do, one action a string:
 *
 *     key=CODE,down|up|press          a key by its place (base/keys.def)
 *     text=UTF-8                      characters, whatever keys they take
 *     move=X,Y                        the pointer, to this pixel of the screen
 *     button=NAME,down|up|click       left, middle, right, back, forward
 *     wheel=DX,DY                     notches, to the right and down
 *     release=all                     all keys and buttons that are held
 */
#ifndef CAPTURE_INPUT_ACTION_H
#define CAPTURE_INPUT_ACTION_H

#include "base/error.h"
#include "base/keys.h"
#include "base/strlist.h"

#include <stdbool.h>

#define INPUT_ACTIONS_MAX 1000    /* of a request */
#define INPUT_CHARACTERS_MAX 8192 /* of all texts of a request */
#define INPUT_NOTCHES_MAX 100
#define INPUT_PIXELS_MAX 65535

enum input_kind { INPUT_KEY, INPUT_TEXT, INPUT_MOVE, INPUT_BUTTON, INPUT_WHEEL, INPUT_RELEASE };
enum input_button { BUTTON_LEFT, BUTTON_MIDDLE, BUTTON_RIGHT, BUTTON_BACK, BUTTON_FORWARD, BUTTON_COUNT };

struct input_action {
    enum input_kind kind;
    bool down, up;         /* of keys and buttons; both: it is pressed and let go */
    const struct key *key; /* borrowed */
    enum input_button button;
    int32_t x, y;     /* of the pointer, or notches */
    const char *text; /* borrowed */
};

struct input_list {
    struct input_action *items; /* owned */
    size_t count;
};

/* Parses all of them. ERR_INVALID names the first wrong one, ERR_LIMIT says which bound they exceed. The texts are
   borrowed. input_list_deinit() must follow in any case. */
int input_list_parse(struct input_list *list, const struct strlist *texts, struct error *err);
void input_list_deinit(struct input_list *list);

/* Checks that the pixel is on a screen of this size. */
int input_check_move(const struct input_action *action, uint32_t width, uint32_t height, struct error *err);

#endif
