/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/cli.h"

#include "platform/clock.h"

#include <inttypes.h>

#define LEEWAY_S 30

static const struct cli_option options[] = {
    {"leeway", 'l', "SECONDS", "do not set a clock that differs by less; 0 always sets it (30)"},
    {0},
};

static int settime_run(struct cli *cli)
{
    uint64_t seconds = (uint64_t)(os_wall_time_ms() / 1000), leeway = LEEWAY_S;
    const char *given = cli_option(cli, "leeway");
    if (cli->operand_count && !cli_number(cli, "the time", cli->operands[0], 0, INT64_MAX, &seconds))
        return CLI_USAGE;
    if (given && !cli_number(cli, "--leeway", given, 0, UINT32_MAX, &leeway))
        return CLI_USAGE;
    json_number(&cli->reply, "time", seconds);
    json_number(&cli->reply, "leeway", leeway);
    int status = periscope_settime(cli->periscope, seconds, (uint32_t)leeway);
    if (status)
        return cli_failed(cli, status);
    return leeway ? cli_did(cli, "%s: the clock is within %" PRIu64 " s of %" PRIu64, cli->target, leeway, seconds)
                  : cli_did(cli, "%s: the clock was set to %" PRIu64, cli->target, seconds);
}

const struct command command_settime = {
    .name = "settime",
    .operands = "[TIME]",
    .summary = "Set the guest's clock",
    .details = "TIME is seconds since 1970 UTC; by default it is this machine's time.\n",
    .examples = "  periscope settime vm1:9000\n"
                "  periscope settime --leeway 0 vm1:9000 \"$(date -d 2030-01-01 +%s)\"\n",
    .options = options,
    .max_operands = 1,
    .run = settime_run,
};
