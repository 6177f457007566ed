/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/replace.h"
#include "host/cli/transfer.h"

#include <string.h>

static const struct cli_option options[] = {
    {REPLACE_OPTION},
    TRANSFER_OPTIONS,
    RECURSIVE_OPTION,
    {0},
};

static int get_fetch(struct cli *cli, const char *remote, const char *local)
{
    struct os_file_facts old;
    int exit_status = replace_begin(cli, local, &old);
    if (exit_status)
        return exit_status;
    cli_progress_begin(cli, remote);
    int status = periscope_get_file(cli->periscope, remote, local, transfer_flags(cli));
    cli_progress_end(cli);
    if (status)
        return cli_failed(cli, status);
    replace_end(cli, local, &old);
    return cli_did_transfer(cli, strcmp(local, "-") == 0 ? remote : local);
}

static int get_run(struct cli *cli)
{
    const char *remote = cli->operands[0];
    const char *local = cli->operand_count > 1 ? cli->operands[1] : cli_file_name(remote);
    bool to_output = cli->operand_count > 1 && strcmp(local, "-") == 0;
    if (to_output && cli->json)
        return cli_usage(cli, "the file and --json can't both go to standard output");
    if (!*local || (!to_output && strcmp(local, "-") == 0))
        return cli_usage(cli, "'%s' gives the local file no name: give LOCAL too", remote);
    json_text(&cli->reply, "remote", remote);
    json_text(&cli->reply, "local", local);
    cli_catch_interrupt(cli);
    if (cli_option(cli, "recursive"))
        return transfer_get_tree(cli, remote, local, transfer_flags(cli));
    return get_fetch(cli, remote, local);
}

const struct command command_get = {
    .name = "get",
    .operands = "REMOTE [LOCAL]",
    .summary = "Fetch a file from the guest",
    .details = "LOCAL '-' is standard output; without LOCAL the file keeps its name. LOCAL appears when the\n"
               "whole file has arrived, or not at all, with the permissions of the file that it replaces. What\n"
               "/dev/stdout and the like, a pipe, or a link to one stands for is written to, not replaced.\n"
               "A broken connection is made again, and the transfer goes on where it was.\n",
    .examples = "  periscope get vm1:9000 report.txt\n"
                "  periscope get vm1:9000 'C:\\Windows\\win.ini' -\n"
                "  periscope get vm1:9000 .periscope/log.txt agent.log\n"
                "  periscope get --preserve --verify vm1:9000 disk.img\n"
                "  periscope get -r vm1:9000 results ./results\n",
    .options = options,
    .min_operands = 1,
    .max_operands = 2,
    .run = get_run,
};
