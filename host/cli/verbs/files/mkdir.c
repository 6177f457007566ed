/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/cli.h"

static int mkdir_run(struct cli *cli)
{
    for (size_t i = 0; i < cli->operand_count; i++) {
        int status = periscope_mkdir(cli->periscope, cli->operands[i]);
        if (status)
            return cli_failed(cli, status);
        cli_did(cli, "%s: there is the folder %s", cli->target, cli->operands[i]);
    }
    return CLI_OK;
}

const struct command command_mkdir = {
    .name = "mkdir",
    .operands = "FOLDER...",
    .summary = "Make folders in the guest",
    .details = "Those above are made too. A folder that is there already is no failure.\n",
    .examples = "  periscope mkdir vm1:9000 tests/data\n",
    .min_operands = 1,
    .max_operands = UINT_MAX,
    .run = mkdir_run,
};
