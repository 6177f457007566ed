/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/hands.h"

#include <string.h>

#define PIECE_MAX 2000 /* bytes of one request: within its time on any guest */

/* Returns the length of the next piece, which does not end within a character. */
static size_t type_piece(const char *text)
{
    size_t len = strlen(text);
    if (len <= PIECE_MAX)
        return len;
    for (len = PIECE_MAX; len > PIECE_MAX - 4 && ((unsigned char)text[len] & 0xc0) == 0x80; len--)
        ;
    return len;
}

static int type_run(struct cli *cli)
{
    const char *text = cli->operands[0];
    size_t total = strlen(text);
    int exit_status = CLI_OK;
    for (size_t len; *text && exit_status == CLI_OK; text += len) {
        struct strlist actions = {0};
        len = type_piece(text);
        strlist_addf(&actions, "text=%.*s", (int)len, text);
        exit_status = hands_send(cli, &actions);
        strlist_deinit(&actions);
    }
    return exit_status == CLI_OK ? cli_did(cli, "%s: typed %zu bytes", cli->target, total) : exit_status;
}

const struct command command_type = {
    .name = "type",
    .operands = "TEXT",
    .summary = "Type a text at the guest's screen",
    .details = "The text goes to the window that has the keyboard. A new line in it is the Enter key. The agent's\n"
               "configuration must have 'input = yes'.\n",
    .examples = "  periscope type vm1:9000 'a password'\n"
                "  periscope type vm1:9000 $'ls -l\\n'\n",
    .min_operands = 1,
    .max_operands = 1,
    .run = type_run,
};
