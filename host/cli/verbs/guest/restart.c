/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/cli.h"

static int restart_run(struct cli *cli)
{
    int status = periscope_restart(cli->periscope, (const char *const *)cli->operands);
    return status ? cli_failed(cli, status)
                  : cli_did(cli, "%s: the agent restarts as %s", cli->target, cli->operands[0]);
}

const struct command command_restart = {
    .name = "restart",
    .operands = "PROGRAM [ARGUMENT...]",
    .summary = "Restart the agent, as another program or with other arguments",
    .details = "PROGRAM is the executable in the guest that becomes the agent; the agent's own makes a plain\n"
               "restart. Running programs keep running; testagentd then no longer knows them.\n",
    .examples = "  periscope restart vm1:9000 periscoped --allow 10.0.0.0/8 9000\n",
    .min_operands = 1,
    .max_operands = UINT_MAX,
    .runs_program = true,
    .run = restart_run,
};
