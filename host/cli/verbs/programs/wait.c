/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/child.h"

static const struct cli_option options[] = {
    CHILD_OPTIONS,
    {0},
};

static int wait_run(struct cli *cli)
{
    uint64_t pid;
    if (!cli_number(cli, "PID", cli->operands[0], 1, UINT64_MAX, &pid))
        return CLI_USAGE;
    json_number(&cli->reply, "pid", pid);
    cli_catch_interrupt(cli);
    if (away_begin(cli))
        return CLI_USAGE;
    return child_await(cli, pid, cli->timeout_ms, false);
}

const struct command command_wait = {
    .name = "wait",
    .operands = "PID",
    .summary = "Wait for a program and exit with its status",
    .details = "PID is the output of 'run --no-wait'. The exit status is the program's code, or 128 + N if\n"
               "signal N ended it. A code that does not fit, such as 0xc0000005 from Windows, becomes 255 and is\n"
               "printed on standard error. The agent then forgets the status, unless --keep is given.\n",
    .examples = "  periscope wait --timeout 60 vm1:9000 1234\n"
                "  periscope wait --json --timeout 0 vm1:9000 1234     (without waiting)\n",
    .options = options,
    .min_operands = 1,
    .max_operands = 1,
    .times_itself = true,
    .run = wait_run,
};
