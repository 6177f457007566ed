/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/cli.h"

static int restart_run(struct cli *cli)
{
    int status = periscope_restart(cli->periscope, (const char *const *)cli->operands);
    return status ? cli_failed(cli, status) : CLI_OK;
}

const struct command command_restart = {
    .name = "restart",
    .operands = "PROGRAM [ARGUMENT...]",
    .summary = "Start the agent again, as another program or with other arguments",
    .details = "PROGRAM is the guest's file that becomes the agent; its own one is a plain restart.\n"
               "Programs that run go on; testagentd then does not know them any more.\n",
    .examples = "  periscope restart vm1:9000 periscoped --allow 10.0.0.0/8 9000\n",
    .min_operands = 1,
    .max_operands = UINT_MAX,
    .runs_program = true,
    .run = restart_run,
};
