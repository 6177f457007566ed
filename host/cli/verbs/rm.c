/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/cli.h"

static int rm_run(struct cli *cli)
{
    struct periscope_strings failures;
    const char *const *files = (const char *const *)cli->operands;
    int status = periscope_rm(cli->periscope, files, cli->operand_count, &failures);
    json_array_begin(&cli->reply, "failures");
    for (size_t i = 0; i < failures.count; i++)
        json_text(&cli->reply, NULL, failures.items[i]);
    json_array_end(&cli->reply);
    for (size_t i = 0; failures.count > 1 && i < failures.count; i++)
        cli_warn(cli, "%s", failures.items[i]);
    int exit_status = CLI_OK;
    if (failures.count > 1)
        exit_status = cli_error(cli, CLI_REFUSED, "%zu files could not be removed", failures.count);
    else if (status)
        exit_status = cli_failed(cli, status);
    else if (cli->operand_count == 1)
        cli_did(cli, "%s: there is no %s any more", cli->target, files[0]);
    else
        cli_did(cli, "%s: there are no such %zu files any more", cli->target, cli->operand_count);
    periscope_strings_free(&failures);
    return exit_status;
}

const struct command command_rm = {
    .name = "rm",
    .operands = "FILE...",
    .summary = "Remove files in the guest",
    .details = "A missing file is no failure. Folders are not removed.\n",
    .examples = "  periscope rm vm1:9000 report.txt test.exe\n",
    .min_operands = 1,
    .max_operands = UINT_MAX,
    .run = rm_run,
};
