/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/input.h"

#include <string.h>

#define EVDEV_OFFSET 8 /* between the kernel's numbers of keys and the server's */
#define EVDEV_SAME 88  /* up to here all of a server's ways to number keys agree */
#define WHEEL_UP 4     /* buttons 4 to 7: up, down, left, right */
#define WHEEL_LEFT 6

/* What a call of hands_calls needs. */
struct x11_hand {
    struct x11_input *input;
    struct x11_connection *connection;
    int screen;
};

static const unsigned x11_buttons[BUTTON_COUNT] = {1, 2, 3, 8, 9};

/* ---- before ---- */

/* Returns whether the server numbers keys as the kernel does, by the rules of its keymap. */
static bool x11_has_evdev_keycodes(struct x11_connection *connection)
{
    Display *display = connection->display;
    Atom name = X11_CALL(XInternAtom)(display, "_XKB_RULES_NAMES", True), type;
    int format = 0;
    unsigned long count = 0, left;
    unsigned char *rules = NULL;
    if (name != None)
        X11_CALL(XGetWindowProperty)
    (display, DefaultRootWindow(display), name, 0, 16, False, XA_STRING, &type, &format, &count, &left, &rules);
    bool same = rules && format == 8 && count > 5 && memcmp(rules, "evdev", 6) == 0;
    if (rules)
        X11_CALL(XFree)(rules);
    return same;
}

static int x11_check_key(const struct key *key, bool evdev, int last, struct error *err)
{
    if ((evdev || key->evdev <= EVDEV_SAME) && key->evdev + EVDEV_OFFSET <= last)
        return 0;
    return error_set(err, ERR_UNAVAILABLE, "blocked: it is not known which keycode the X server has for %s", key->code);
}

static int x11_check_actions(struct x11_connection *connection, const struct x11_screen *screen,
                             const struct input_list *list, struct error *err)
{
    int first, last, status = 0;
    bool evdev = x11_has_evdev_keycodes(connection);
    X11_CALL(XDisplayKeycodes)(connection->display, &first, &last);
    for (size_t i = 0; i < list->count && status == 0; i++) {
        const struct input_action *action = &list->items[i];
        if (action->kind == INPUT_KEY)
            status = x11_check_key(action->key, evdev, last, err);
        else if (action->kind == INPUT_MOVE)
            status = input_check_move(action, screen->width, screen->height, err);
    }
    return status;
}

static int x11_check_xtest(struct x11_connection *connection, struct error *err)
{
    int event, error, major, minor;
    x11_load_more(X11_LIB_XTST);
    if (x11_missing(X11_LIB_XTST))
        return error_set(err, ERR_UNAVAILABLE, "blocked: %s", x11_missing(X11_LIB_XTST));
    if (!X11_CALL(XTestQueryExtension)(connection->display, &event, &error, &major, &minor))
        return error_set(err, ERR_UNAVAILABLE, "blocked: X server :%u has no extension XTEST",
                         connection->server.number);
    (void)x11_take_error(connection);
    return 0;
}

/* ---- the calls ---- */

static int x11_hand_key(void *context, const struct key *key, bool down, struct error *err)
{
    const struct x11_hand *hand = context;
    (void)err; /* what the server refuses is known at the end */
    X11_CALL(XTestFakeKeyEvent)(hand->connection->display, key->evdev + EVDEV_OFFSET, down, 0);
    return 0;
}

static int x11_hand_button(void *context, enum input_button button, bool down, struct error *err)
{
    const struct x11_hand *hand = context;
    (void)err;
    X11_CALL(XTestFakeButtonEvent)(hand->connection->display, x11_buttons[button], down, 0);
    return 0;
}

static int x11_hand_move(void *context, int32_t x, int32_t y, struct error *err)
{
    const struct x11_hand *hand = context;
    (void)err;
    X11_CALL(XTestFakeMotionEvent)(hand->connection->display, hand->screen, x, y, 0);
    return 0;
}

/* Turns the wheel by clicks of its buttons, `back` for a negative number and the next one for others. */
static void x11_turn(const struct x11_hand *hand, unsigned back, int32_t notches)
{
    unsigned button = notches < 0 ? back : back + 1;
    for (int32_t i = notches < 0 ? -notches : notches; i > 0; i--) {
        X11_CALL(XTestFakeButtonEvent)(hand->connection->display, button, True, 0);
        X11_CALL(XTestFakeButtonEvent)(hand->connection->display, button, False, 0);
    }
}

static int x11_hand_wheel(void *context, int32_t dx, int32_t dy, struct error *err)
{
    const struct x11_hand *hand = context;
    (void)err;
    x11_turn(hand, WHEEL_UP, dy);
    x11_turn(hand, WHEEL_LEFT, dx);
    return 0;
}

static int x11_hand_text(void *context, const char *text, struct error *err)
{
    const struct x11_hand *hand = context;
    return x11_type(hand->input, hand->connection, text, err);
}

static const struct hands_calls x11_calls = {x11_hand_key, x11_hand_button, x11_hand_move, x11_hand_wheel,
                                             x11_hand_text};

/* Waits until the server has done it all. */
static int x11_settle(struct x11_connection *connection, int status, struct error *err)
{
    int code = x11_take_error(connection);
    if (status == 0 && code)
        return error_set(err, ERR_UNAVAILABLE, "blocked: X server :%u refused a part of it with the X error %d",
                         connection->server.number, code);
    return status;
}

int x11_input_do(struct x11_input *input, struct x11_connection *connection, const struct x11_screen *screen,
                 const struct input_list *list, struct error *err)
{
    struct x11_hand hand = {input, connection, screen->number};
    int status = x11_check_xtest(connection, err);
    if (status == 0)
        status = x11_check_actions(connection, screen, list, err);
    if (status)
        return status;
    return x11_settle(connection, hands_do(&input->hands, list, &x11_calls, &hand, err), err);
}

int x11_input_leave(struct x11_input *input, struct x11_connection *connection, struct error *err)
{
    struct x11_hand hand = {input, connection, 0};
    int status = x11_settle(connection, hands_release(&input->hands, &x11_calls, &hand, err), err);
    x11_restore_spares(input, connection);
    return status;
}
