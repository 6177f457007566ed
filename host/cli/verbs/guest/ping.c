/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/cli.h"

#include "platform/clock.h"

#define PING_MOST 1000000

static const struct cli_option options[] = {
    {"count", 'c', "N", "the number of pings, one after the other (1)"},
    {0},
};

struct times {
    uint64_t count;
    double least, most, sum; /* microseconds */
};

static int ping_measure(struct cli *cli, uint64_t count, struct times *times)
{
    for (; times->count < count; times->count++) {
        int64_t start = os_clock_us();
        int status = periscope_ping(cli->periscope);
        if (status)
            return status;
        double us = (double)(os_clock_us() - start);
        times->sum += us;
        times->most = us > times->most ? us : times->most;
        times->least = times->count == 0 || us < times->least ? us : times->least;
    }
    return 0;
}

static void ping_print(struct cli *cli, const char *banner, const struct times *times)
{
    double mean = times->sum / (double)times->count;
    json_text(&cli->reply, "banner", banner);
    json_number(&cli->reply, "count", times->count);
    json_object_begin(&cli->reply, "microseconds");
    json_decimal(&cli->reply, "min", times->least);
    json_decimal(&cli->reply, "mean", mean);
    json_decimal(&cli->reply, "max", times->most);
    json_object_end(&cli->reply);
    cli_print(cli, "%s answers: %s, %.2f ms", cli->target, banner, mean / 1000);
    if (times->count > 1)
        cli_print(cli, " (mean of %llu; minimum %.2f, maximum %.2f)", (unsigned long long)times->count,
                  times->least / 1000, times->most / 1000);
    cli_print(cli, "\n");
}

static int ping_run(struct cli *cli)
{
    uint64_t count = 1;
    struct times times = {0};
    const char *given = cli_option(cli, "count");
    if (given && !cli_number(cli, "--count", given, 1, PING_MOST, &count))
        return CLI_USAGE;
    /* The first call connects; only round trips are measured. */
    int status = periscope_ping(cli->periscope);
    if (!status)
        status = ping_measure(cli, count, &times);
    if (status)
        return cli_failed(cli, status);
    ping_print(cli, periscope_banner(cli->periscope), &times);
    return CLI_OK;
}

const struct command command_ping = {
    .name = "ping",
    .operands = "",
    .summary = "Check that the agent answers, and measure how fast",
    .examples = "  periscope ping vm1:9000\n"
                "  periscope ping --count 100 [::1]:9000\n",
    .options = options,
    .run = ping_run,
};
