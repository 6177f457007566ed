/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/transfer.h"

#include <string.h>

static const struct cli_option options[] = {
    {"executable", 'x', NULL, "make the guest's file executable"},
    {"over-running", 0, NULL, "replace also a program that runs; a Windows guest refuses that else"},
    TRANSFER_OPTIONS,
    RECURSIVE_OPTION,
    {0},
};

static int put_run(struct cli *cli)
{
    const char *local = cli->operands[0];
    const char *remote = cli->operand_count > 1 ? cli->operands[1] : cli_file_name(local);
    unsigned flags = cli_option(cli, "executable") ? PERISCOPE_EXECUTABLE : 0;
    flags |= transfer_flags(cli);
    if (cli_option(cli, "over-running"))
        flags |= PERISCOPE_OVER_RUNNING;
    if (cli->operand_count < 2 && strcmp(local, "-") == 0)
        return cli_usage(cli, "standard input has no name: give REMOTE too");
    json_text(&cli->reply, "local", local);
    json_text(&cli->reply, "remote", remote);
    if (cli_option(cli, "recursive"))
        return transfer_put_tree(cli, local, remote, transfer_flags(cli));
    cli_progress_begin(cli, remote);
    int status = periscope_put(cli->periscope, local, remote, flags);
    cli_progress_end(cli);
    return status ? cli_failed(cli, status) : cli_did_transfer(cli, remote);
}

const struct command command_put = {
    .name = "put",
    .operands = "LOCAL [REMOTE]",
    .summary = "Send a file to the guest",
    .details = "LOCAL '-' is standard input. What has no size, as a pipe or a file of /proc, is read to its end\n"
               "into a temporary file. REMOTE is a path in the guest; a relative one refers to the agent's\n"
               "folder. Without REMOTE the file keeps its name. At any time the guest has the old file or the\n"
               "complete new one. A broken connection is made again, and a transfer of a file of 1 MiB or more goes\n"
               "on where it was, if the agent can.\n",
    .examples = "  periscope put vm1:9000 setup.exe\n"
                "  periscope put vm1:9000 -x build/test ./test\n"
                "  generate | periscope put vm1:9000 - data.bin\n"
                "  periscope put --preserve --verify vm1:9000 disk.img\n"
                "  periscope put -r vm1:9000 build/tests tests\n",
    .options = options,
    .min_operands = 1,
    .max_operands = 2,
    .run = put_run,
};
