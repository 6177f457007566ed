/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Characters for the X server: by the keys of its layout, and those that the layout lacks by keycodes that have no symbol,
 * which get one for a while. */
#include "capture/x11/input.h"

#include "base/utf8.h"
#include "platform/clock.h"

#include <string.h>

#define LEVELS 4       /* of a key: plain, with Shift, with AltGr, with both */
#define SEEN_MS 300    /* after which a program has looked up the key that it got */
#define GROUPS_MAX 2   /* of layouts that the core protocol tells of */
#define GROUP_SHIFT 13 /* of an event's state */

struct x11_typing {
    struct x11_input *input;
    struct x11_connection *connection;
    struct x11_keymap map;
    KeyCode shift, alt_gr; /* 0: there is none */
};

/* ---- the keymap ---- */

/* Returns the symbol of a key at a level, in the group that is in force. */
static KeySym x11_symbol_at(const struct x11_keymap *map, int keycode, unsigned level)
{
    int column = (int)(level < 2 ? map->group * 2 + level : 2 + map->group * 2 + level);
    return map->group < GROUPS_MAX && column < map->width ? map->symbols[(keycode - map->first) * map->width + column]
                                                          : NoSymbol;
}

/* Finds a key that gives the symbol. Returns 0 when there is none. */
static KeyCode x11_find_symbol(const struct x11_keymap *map, KeySym symbol, unsigned levels, unsigned *level)
{
    for (*level = 0; *level < levels; ++*level)
        for (int i = 0; i < map->count; i++)
            if (x11_symbol_at(map, map->first + i, *level) == symbol)
                return (KeyCode)(map->first + i);
    return 0;
}

static bool x11_has_no_symbol(const struct x11_keymap *map, int keycode)
{
    for (int i = 0; i < map->width; i++)
        if (map->symbols[(keycode - map->first) * map->width + i] != NoSymbol)
            return false;
    return true;
}

/* Finds the keycodes without a symbol, once: afterwards those with the symbols that they got are no others'. */
static void x11_find_spares(struct x11_input *input, const struct x11_keymap *map)
{
    if (input->spare_count > 0)
        return;
    for (int i = map->count - 1; i >= 0 && input->spare_count < X11_SPARES_MAX; i--)
        if (x11_has_no_symbol(map, map->first + i))
            input->spares[input->spare_count++] = (struct x11_spare){.keycode = (KeyCode)(map->first + i)};
}

static bool x11_read_keymap(struct x11_typing *typing)
{
    struct x11_keymap *map = &typing->map;
    Display *display = typing->connection->display;
    Window root, child;
    int last, x, y, window_x, window_y;
    unsigned state = 0, level;
    X11_CALL(XDisplayKeycodes)(display, &map->first, &last);
    map->count = last - map->first + 1;
    map->symbols = X11_CALL(XGetKeyboardMapping)(display, (KeyCode)map->first, map->count, &map->width);
    if (!map->symbols)
        return false;
    X11_CALL(XQueryPointer)(display, DefaultRootWindow(display), &root, &child, &x, &y, &window_x, &window_y, &state);
    map->group = state >> GROUP_SHIFT & 3;
    map->locked = (state & LockMask) != 0;
    typing->shift = x11_find_symbol(map, XK_Shift_L, 1, &level);
    typing->alt_gr = x11_find_symbol(map, XK_ISO_Level3_Shift, 1, &level);
    x11_find_spares(typing->input, map);
    return true;
}

/* ---- spare keycodes ---- */

static void x11_set_spare(struct x11_connection *connection, struct x11_spare *spare, KeySym symbol)
{
    KeySym both[2] = {symbol, symbol}; /* with Shift it is the same */
    X11_CALL(XChangeKeyboardMapping)(connection->display, spare->keycode, 2, both, 1);
    spare->symbol = symbol;
}

/* Waits until who has got a spare keycode has looked up its symbol: the server does not tell. */
static void x11_await_lookup(const struct x11_input *input)
{
    int64_t left = input->typed_ms + SEEN_MS - os_clock_ms();
    if (left > 0)
        os_sleep_ms((int)left);
}

void x11_restore_spares(struct x11_input *input, struct x11_connection *connection)
{
    bool waits = true;
    for (size_t i = 0; i < input->spare_count; i++) {
        struct x11_spare *spare = &input->spares[i];
        if (spare->symbol == NoSymbol)
            continue;
        if (waits)
            x11_await_lookup(input);
        waits = false;
        x11_set_spare(connection, spare, NoSymbol);
    }
    if (!waits)
        X11_CALL(XSync)(connection->display, False);
    input->spare_count = input->next_spare = 0;
}

/* Gives the symbol to a spare keycode, unless one has it. Returns 0 when there is none. */
static KeyCode x11_spare_for(struct x11_typing *typing, KeySym symbol)
{
    struct x11_input *input = typing->input;
    for (size_t i = 0; i < input->spare_count; i++)
        if (input->spares[i].symbol == symbol)
            return input->spares[i].keycode;
    if (input->spare_count == 0)
        return 0;
    struct x11_spare *spare = &input->spares[input->next_spare++ % input->spare_count];
    X11_CALL(XSync)(typing->connection->display, False);
    if (spare->symbol != NoSymbol)
        x11_await_lookup(input);
    x11_set_spare(typing->connection, spare, symbol);
    X11_CALL(XSync)(typing->connection->display, False);
    return spare->keycode;
}

/* ---- characters ---- */

static KeySym x11_symbol_of(uint32_t code)
{
    switch (code) {
    case '\n':
    case '\r':
        return XK_Return;
    case '\t':
        return XK_Tab;
    case '\b':
        return XK_BackSpace;
    case '\033':
        return XK_Escape;
    case 0x20ac:
        return XK_EuroSign;
    default:
        return code < 0x100 ? code : 0x1000000 + code;
    }
}

static void x11_tap(struct x11_typing *typing, KeyCode keycode, bool down)
{
    if (keycode)
        X11_CALL(XTestFakeKeyEvent)(typing->connection->display, keycode, down, 0);
}

static void x11_press(struct x11_typing *typing, KeyCode keycode, unsigned level)
{
    KeyCode shift = level & 1 ? typing->shift : 0, alt_gr = level & 2 ? typing->alt_gr : 0;
    x11_tap(typing, shift, true);
    x11_tap(typing, alt_gr, true);
    x11_tap(typing, keycode, true);
    x11_tap(typing, keycode, false);
    x11_tap(typing, alt_gr, false);
    x11_tap(typing, shift, false);
}

static int x11_type_character(struct x11_typing *typing, uint32_t code, struct error *err)
{
    unsigned level, levels = !typing->shift ? 1 : typing->alt_gr ? LEVELS : 2;
    KeySym symbol = x11_symbol_of(code);
    KeyCode keycode = x11_find_symbol(&typing->map, symbol, levels, &level);
    if (keycode) {
        x11_press(typing, keycode, level);
        return 0;
    }
    keycode = x11_spare_for(typing, symbol);
    if (!keycode)
        return error_set(err, ERR_UNAVAILABLE,
                         "blocked: the keyboard of X server :%u has no key for U+%04X, and none "
                         "to spare",
                         typing->connection->server.number, (unsigned)code);
    x11_press(typing, keycode, 0);
    typing->input->typed_ms = os_clock_ms();
    return 0;
}

/* Switches Caps Lock off, and then on again: letters would be others. */
static void x11_switch_lock(struct x11_typing *typing)
{
    unsigned level;
    KeyCode keycode = typing->map.locked ? x11_find_symbol(&typing->map, XK_Caps_Lock, 1, &level) : 0;
    x11_tap(typing, keycode, true);
    x11_tap(typing, keycode, false);
}

int x11_type(struct x11_input *input, struct x11_connection *connection, const char *text, struct error *err)
{
    struct x11_typing typing = {.input = input, .connection = connection};
    uint32_t code;
    int status = 0;
    if (!x11_read_keymap(&typing))
        return error_set(err, ERR_UNAVAILABLE, "blocked: X server :%u does not tell its keymap",
                         connection->server.number);
    x11_switch_lock(&typing);
    for (size_t left = strlen(text); left > 0 && status == 0;) {
        size_t len = utf8_next((const uint8_t *)text, left, &code);
        status = x11_type_character(&typing, code, err);
        text += len;
        left -= len;
    }
    x11_switch_lock(&typing);
    X11_CALL(XFree)(typing.map.symbols);
    return status;
}
