/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/hands.h"

int hands_send(struct cli *cli, const struct strlist *actions)
{
    struct periscope_strings facts;
    if (actions->failed)
        return cli_error(cli, CLI_FAILED, "no memory for the actions");
    int status = periscope_input(cli->periscope, (const char *const *)actions->items, &facts);
    if (status)
        return cli_failed(cli, status);
    json_text(&cli->reply, "by", periscope_strings_get(&facts, "by"));
    const char *from = periscope_strings_get(&facts, "taken-from");
    if (from)
        json_text(&cli->reply, "taken-from", from);
    periscope_strings_free(&facts);
    return CLI_OK;
}
