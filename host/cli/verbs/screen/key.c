/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/hands.h"

#include "base/keys.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define CHORD_MAX 8 /* keys */

/* What people call keys, where it is not KeyboardEvent.code. */
static const struct {
    const char *name, *code;
} key_names[] = {
    {"ctrl", "ControlLeft"},  {"control", "ControlLeft"},
    {"shift", "ShiftLeft"},   {"alt", "AltLeft"},
    {"altgr", "AltRight"},    {"super", "MetaLeft"},
    {"meta", "MetaLeft"},     {"win", "MetaLeft"},
    {"cmd", "MetaLeft"},      {"esc", "Escape"},
    {"return", "Enter"},      {"del", "Delete"},
    {"ins", "Insert"},        {"pgup", "PageUp"},
    {"pgdn", "PageDown"},     {"up", "ArrowUp"},
    {"down", "ArrowDown"},    {"left", "ArrowLeft"},
    {"right", "ArrowRight"},  {"menu", "ContextMenu"},
    {"print", "PrintScreen"}, {"-", "Minus"},
    {"=", "Equal"},           {"[", "BracketLeft"},
    {"]", "BracketRight"},    {";", "Semicolon"},
    {"'", "Quote"},           {"`", "Backquote"},
    {"\\", "Backslash"},      {",", "Comma"},
    {".", "Period"},          {"/", "Slash"},
};

static bool key_is_named(const char *name, const char *other)
{
    for (; *name && tolower((unsigned char)*name) == tolower((unsigned char)*other); name++)
        other++;
    return *name == *other;
}

/* Finds a key by its name or code, in small or capital letters; a letter or digit is its own. Returns NULL for none. */
static const char *key_code(const char *name)
{
    char code[8] = "";
    if (name[0] && !name[1])
        snprintf(code, sizeof code, "%s%c", name[0] >= '0' && name[0] <= '9' ? "Digit" : "Key", name[0]);
    for (size_t i = 0; i < sizeof key_names / sizeof key_names[0]; i++)
        if (key_is_named(name, key_names[i].name))
            return key_names[i].code;
    for (size_t i = 0; i < all_keys_count; i++)
        if (key_is_named(name, all_keys[i].code) || key_is_named(code, all_keys[i].code))
            return all_keys[i].code;
    return NULL;
}

/* Adds the keys of a chord, "ctrl+alt+Delete": they go down in order and up in the reverse one. */
static int key_add_chord(struct cli *cli, const char *chord, struct strlist *actions)
{
    const char *codes[CHORD_MAX];
    size_t count = 0;
    char name[32];
    for (const char *at = chord; at; at = strchr(at, '+') ? strchr(at, '+') + 1 : NULL) {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at, "+"), at);
        if (count == CHORD_MAX)
            return cli_usage(cli, "'%s' has more than %d keys", chord, CHORD_MAX);
        codes[count] = key_code(name);
        if (!codes[count++])
            return cli_usage(cli, "'%s': there is no key '%s'", chord, name);
    }
    for (size_t i = 0; i < count; i++)
        strlist_addf(actions, "key=%s,down", codes[i]);
    for (size_t i = count; i > 0; i--)
        strlist_addf(actions, "key=%s,up", codes[i - 1]);
    return CLI_OK;
}

static int key_run(struct cli *cli)
{
    struct strlist actions = {0};
    int exit_status = CLI_OK;
    for (size_t i = 0; i < cli->operand_count && exit_status == CLI_OK; i++)
        exit_status = key_add_chord(cli, cli->operands[i], &actions);
    if (exit_status == CLI_OK)
        exit_status = hands_send(cli, &actions);
    strlist_deinit(&actions);
    return exit_status == CLI_OK ? cli_did(cli, "%s: pressed %zu time%s", cli->target, cli->operand_count,
                                           cli->operand_count == 1 ? "" : "s")
                                 : exit_status;
}

const struct command command_key = {
    .name = "key",
    .operands = "KEY...",
    .summary = "Press keys at the guest's screen",
    .details = "KEY is a key, or several that are held together, as ctrl+alt+Delete. Keys are those of a keyboard's\n"
               "places: KeyboardEvent.code of W3C (KeyA, F5, NumpadEnter), or a, 1, ctrl, shift, alt, altgr, super,\n"
               "esc, return, del, ins, pgup, pgdn, up, down, left, right, menu, print. Which character a key gives\n"
               "is the guest's layout's: 'type' is for characters. The agent's configuration must have\n"
               "'input = yes'.\n",
    .examples = "  periscope key vm1:9000 ctrl+alt+Delete\n"
                "  periscope key vm1:9000 alt+F4 Enter\n",
    .min_operands = 1,
    .max_operands = UINT_MAX,
    .run = key_run,
};
