/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/child.h"

#include <inttypes.h>
#include <limits.h>

#define GRACE_MOST_MS 30000

static const struct cli_option options[] = {
    {"grace", 'g', "SECONDS", "how long to wait between request and force (2; at most 30)"},
    {0},
};

static int kill_run(struct cli *cli)
{
    uint64_t pid;
    int grace_ms = -1;
    const char *grace = cli_option(cli, "grace");
    if (!cli_number(cli, "PID", cli->operands[0], 1, UINT64_MAX, &pid))
        return CLI_USAGE;
    if (grace && !cli_seconds(cli, "--grace", grace, &grace_ms))
        return CLI_USAGE;
    if (grace_ms > GRACE_MOST_MS)
        return cli_usage(cli, "--grace is %s seconds, more than %d", grace, GRACE_MOST_MS / 1000);
    struct periscope_strings killed;
    int status = periscope_kill(cli->periscope, pid, grace_ms, &killed);
    if (status)
        return cli_failed(cli, status);
    child_report_killed(cli, &killed);
    cli_make_printable(&killed);
    for (size_t i = 0; i < killed.count; i++)
        cli_print(cli, "%s\n", killed.items[i]);
    if (killed.count == 0)
        cli_did(cli, "%s: nothing was left of process %" PRIu64, cli->target, pid);
    periscope_strings_free(&killed);
    return CLI_OK;
}

const struct command command_kill = {
    .name = "kill",
    .operands = "PID",
    .summary = "End a program and all its descendants",
    .details = "PID is the output of 'run --no-wait'. Prints \"PID NAME\" of each process that was ended and, for\n"
               "a Windows guest, what was restored on its screen. The program's exit status remains available\n"
               "to 'periscope wait'.\n",
    .examples = "  periscope kill vm1:9000 1234\n",
    .options = options,
    .min_operands = 1,
    .max_operands = 1,
    .run = kill_run,
};
