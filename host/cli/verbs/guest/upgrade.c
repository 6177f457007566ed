/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/cli.h"

static int upgrade_run(struct cli *cli)
{
    const char *local = cli->operands[0];
    json_text(&cli->reply, "local", local);
    cli_progress_begin(cli, local);
    int status = periscope_upgrade(cli->periscope, local);
    cli_progress_end(cli);
    return status ? cli_failed(cli, status) : cli_did_transfer(cli, local);
}

const struct command command_upgrade = {
    .name = "upgrade",
    .operands = "FILE",
    .summary = "Replace the agent's executable and start the new one",
    .details = "FILE must be an agent for the guest's system. Running programs keep running; testagentd then no\n"
               "longer knows them. If the new agent does not take over, the old one is restored, and the property\n"
               "upgrade.error (periscope info) has the reason.\n",
    .examples = "  periscope upgrade vm1:9000 build/periscoped && periscope wait-boot vm1:9000\n",
    .min_operands = 1,
    .max_operands = 1,
    .run = upgrade_run,
};
