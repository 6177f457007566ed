/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/rfb/keys.h"

#include "base/keys.h"

#include <stdio.h>
#include <string.h>

#define WHEEL_FIRST 3 /* buttons 3 to 6: up, down, left, right */

/* ---- keys by their scan codes ---- */

/* Returns the key of an XT scan code as QEMU has them: bit 7 stands for the prefix E0. Three are numbered in another way than
   Windows numbers them. */
static const struct key *rfb_key_by_scan(uint32_t code)
{
    uint32_t scan = code < 0x80 ? code : 0xe000 | (code & 0x7f);
    scan = code == 0x45 ? 0xe045 : code == 0xc6 || code == 0xc5 ? 0x45 : code == 0x54 ? 0xe037 : scan;
    for (size_t i = 0; i < all_keys_count && code < 0x100; i++)
        if (all_keys[i].scan == scan)
            return &all_keys[i];
    return NULL;
}

/* ---- keys by their symbols, of viewers that tell no more ---- */

static const struct {
    uint16_t symbol;
    const char *code;
} rfb_symbols[] = {
    {0xff08, "Backspace"},     {0xff09, "Tab"},
    {0xff0d, "Enter"},         {0xff13, "Pause"},
    {0xff14, "ScrollLock"},    {0xff1b, "Escape"},
    {0xff50, "Home"},          {0xff51, "ArrowLeft"},
    {0xff52, "ArrowUp"},       {0xff53, "ArrowRight"},
    {0xff54, "ArrowDown"},     {0xff55, "PageUp"},
    {0xff56, "PageDown"},      {0xff57, "End"},
    {0xff61, "PrintScreen"},   {0xff63, "Insert"},
    {0xff67, "ContextMenu"},   {0xff7f, "NumLock"},
    {0xff8d, "NumpadEnter"},   {0xffaa, "NumpadMultiply"},
    {0xffab, "NumpadAdd"},     {0xffad, "NumpadSubtract"},
    {0xffae, "NumpadDecimal"}, {0xffaf, "NumpadDivide"},
    {0xffe1, "ShiftLeft"},     {0xffe2, "ShiftRight"},
    {0xffe3, "ControlLeft"},   {0xffe4, "ControlRight"},
    {0xffe5, "CapsLock"},      {0xffe7, "MetaLeft"},
    {0xffe8, "MetaRight"},     {0xffe9, "AltLeft"},
    {0xffea, "AltRight"},      {0xffeb, "MetaLeft"},
    {0xffec, "MetaRight"},     {0xfe03, "AltRight"},
    {0xffff, "Delete"},
};

/* Writes the code of a key with a name, or returns false: it is a character's. */
static bool rfb_code_of_symbol(uint32_t symbol, char *code, size_t size)
{
    if (symbol >= 0xffbe && symbol <= 0xffd5) {
        snprintf(code, size, "F%u", (unsigned)(symbol - 0xffbe + 1));
        return true;
    }
    if (symbol >= 0xffb0 && symbol <= 0xffb9) {
        snprintf(code, size, "Numpad%u", (unsigned)(symbol - 0xffb0));
        return true;
    }
    for (size_t i = 0; i < sizeof rfb_symbols / sizeof rfb_symbols[0]; i++)
        if (rfb_symbols[i].symbol == symbol) {
            snprintf(code, size, "%s", rfb_symbols[i].code);
            return true;
        }
    return false;
}

/* Writes a character as UTF-8. Returns false for a symbol that is none. */
static bool rfb_character(uint32_t symbol, char text[8])
{
    uint32_t c = symbol >= 0x1000000 ? symbol - 0x1000000 : symbol == 0x20ac ? symbol : symbol < 0x100 ? symbol : 0;
    if (c < ' ' || (c >= 0x7f && c < 0xa0) || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return false;
    if (c < 0x80)
        snprintf(text, 8, "%c", (int)c);
    else if (c < 0x800)
        snprintf(text, 8, "%c%c", (int)(0xc0 | c >> 6), (int)(0x80 | (c & 0x3f)));
    else if (c < 0x10000)
        snprintf(text, 8, "%c%c%c", (int)(0xe0 | c >> 12), (int)(0x80 | (c >> 6 & 0x3f)), (int)(0x80 | (c & 0x3f)));
    else
        snprintf(text, 8, "%c%c%c%c", (int)(0xf0 | c >> 18), (int)(0x80 | (c >> 12 & 0x3f)),
                 (int)(0x80 | (c >> 6 & 0x3f)), (int)(0x80 | (c & 0x3f)));
    return true;
}

/* Adds a character. While Control, Alt or Meta is held it is a key's: that of the US layout. */
static void rfb_add_character(struct rfb_hands *hands, bool down, uint32_t symbol)
{
    char text[8];
    bool letter = (symbol | 0x20) >= 'a' && (symbol | 0x20) <= 'z', digit = symbol >= '0' && symbol <= '9';
    if (hands->modifiers && (letter || digit))
        strlist_addf(&hands->actions, "key=%s%c,%s", letter ? "Key" : "Digit", (int)(letter ? symbol & ~0x20u : symbol),
                     down ? "down" : "up");
    else if (down && rfb_character(symbol, text))
        strlist_addf(&hands->actions, "text=%s", text);
}

static void rfb_note_modifier(struct rfb_hands *hands, bool down, uint32_t symbol)
{
    bool is_one = (symbol >= 0xffe3 && symbol <= 0xffe4) || (symbol >= 0xffe7 && symbol <= 0xffec);
    uint32_t bit = is_one ? 1u << (symbol - 0xffe3) : 0;
    hands->modifiers = down ? hands->modifiers | bit : hands->modifiers & ~bit;
}

void rfb_key(struct rfb_hands *hands, bool down, uint32_t keysym, uint32_t code)
{
    char name[24];
    const struct key *key = code ? rfb_key_by_scan(code) : NULL;
    rfb_note_modifier(hands, down, keysym);
    if (key)
        strlist_addf(&hands->actions, "key=%s,%s", key->code, down ? "down" : "up");
    else if (rfb_code_of_symbol(keysym, name, sizeof name))
        strlist_addf(&hands->actions, "key=%s,%s", name, down ? "down" : "up");
    else
        rfb_add_character(hands, down, keysym);
}

/* ---- the pointer ---- */

static void rfb_button(struct rfb_hands *hands, unsigned bit, bool down)
{
    static const char *const names[8] = {"left", "middle", "right", NULL, NULL, NULL, NULL, "back"};
    static const char *const wheel[4] = {"0,-1", "0,1", "-1,0", "1,0"};
    if (names[bit])
        strlist_addf(&hands->actions, "button=%s,%s", names[bit], down ? "down" : "up");
    else if (down)
        strlist_addf(&hands->actions, "wheel=%s", wheel[bit - WHEEL_FIRST]);
}

void rfb_pointer(struct rfb_hands *hands, uint8_t buttons, uint32_t x, uint32_t y)
{
    if (!hands->has_place || x != hands->x || y != hands->y)
        strlist_addf(&hands->actions, "move=%u,%u", (unsigned)x, (unsigned)y);
    for (unsigned bit = 0; bit < 8; bit++)
        if ((buttons ^ hands->buttons) >> bit & 1)
            rfb_button(hands, bit, buttons >> bit & 1);
    hands->has_place = true;
    hands->x = x;
    hands->y = y;
    hands->buttons = buttons;
}
