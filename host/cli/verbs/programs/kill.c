/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/child.h"

#include <limits.h>

#define GRACE_MOST_MS 30000

static const struct cli_option options[] = {
    {"tag", 0, "NAME", "in place of PID: all programs that were started with this tag"},
    {"alone", 0, NULL, "only the process PID, without what it has started; any that 'ps --tree' lists"},
    {"grace", 'g', "SECONDS", "how long to wait between request and force (2; at most 30)"},
    {0},
};

/* Takes whom to end: a PID, or all of a tag. */
static int kill_target(struct cli *cli, uint64_t *pid)
{
    *pid = 0;
    if ((cli_option(cli, "tag") != NULL) == (cli->operand_count > 0))
        return cli_usage(cli, "either PID or --tag is needed");
    if (cli_option(cli, "alone") && !cli->operand_count)
        return cli_usage(cli, "--alone needs a PID");
    bool good = !cli->operand_count || cli_number(cli, "PID", cli->operands[0], 1, UINT64_MAX, pid);
    return good ? CLI_OK : CLI_USAGE;
}

static int kill_run(struct cli *cli)
{
    uint64_t pid;
    int grace_ms = -1;
    const char *grace = cli_option(cli, "grace"), *tag = cli_option(cli, "tag");
    int wrong = kill_target(cli, &pid);
    if (wrong)
        return wrong;
    if (grace && !cli_seconds(cli, "--grace", grace, &grace_ms))
        return CLI_USAGE;
    if (grace_ms > GRACE_MOST_MS)
        return cli_usage(cli, "--grace is %s seconds, more than %d", grace, GRACE_MOST_MS / 1000);
    struct periscope_strings killed;
    int status = tag                        ? periscope_kill_tag(cli->periscope, tag, grace_ms, &killed)
                 : cli_option(cli, "alone") ? periscope_kill_one(cli->periscope, pid, grace_ms, &killed)
                                            : periscope_kill(cli->periscope, pid, grace_ms, &killed);
    if (status)
        return cli_failed(cli, status);
    child_report_killed(cli, &killed);
    cli_make_printable(&killed);
    for (size_t i = 0; i < killed.count; i++)
        cli_print(cli, "%s\n", killed.items[i]);
    if (killed.count == 0)
        cli_did(cli, "%s: nothing was left of %s %s", cli->target, tag ? "the tag" : "process",
                tag ? tag : cli->operands[0]);
    periscope_strings_free(&killed);
    return CLI_OK;
}

const struct command command_kill = {
    .name = "kill",
    .operands = "[PID]",
    .summary = "End a program and all its descendants",
    .details = "PID is the output of 'run --no-wait'; of a program that has ended, what it has left is ended. Prints "
               "\"PID NAME\" of each process that was ended and, for\n"
               "a Windows guest, what was restored on its screen. The program's exit status remains available\n"
               "to 'periscope wait'.\n",
    .examples = "  periscope kill vm1:9000 1234\n"
                "  periscope kill --tag nightly vm1:9000\n"
                "  periscope kill --alone vm1:9000 1240\n",
    .options = options,
    .max_operands = 1,
    .run = kill_run,
};
