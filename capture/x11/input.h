/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys, characters and the pointer for the X server, by its extension XTEST. */
#ifndef CAPTURE_X11_INPUT_H
#define CAPTURE_X11_INPUT_H

#include "capture/input/hands.h"
#include "capture/x11/screen.h"

#define X11_KEYCODES 256
#define X11_SPARES_MAX 32

/* Keycodes without a symbol, which get those that the layout lacks. */
struct x11_spare {
    KeyCode keycode;
    KeySym symbol; /* NoSymbol: as it was */
};

struct x11_keymap {
    int first, count, width; /* keycodes, and symbols of each */
    KeySym *symbols;         /* Xlib's; NULL: not read */
    unsigned group;          /* of the layout, that is in force */
    bool locked;             /* Caps Lock is on */
};

struct x11_input {
    struct hands hands;
    struct x11_spare spares[X11_SPARES_MAX];
    size_t spare_count, next_spare;
    int64_t typed_ms; /* when a spare one was pressed last */
};

/* Checks all of the actions before it does the first. The server has done them when it returns. */
int x11_input_do(struct x11_input *input, struct x11_connection *connection, const struct x11_screen *screen,
                 const struct input_list *list, struct error *err);
/* Lets go of what is held, and makes the keymap what it was. */
int x11_input_leave(struct x11_input *input, struct x11_connection *connection, struct error *err);

/* ---- input_text.c ---- */

/* Presses the keys of a text. */
int x11_type(struct x11_input *input, struct x11_connection *connection, const char *text, struct error *err);
/* Takes the symbols from the spare keycodes, once those who got them have seen them. */
void x11_restore_spares(struct x11_input *input, struct x11_connection *connection);

#endif
