/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/cli.h"

#include "platform/clock.h"

#define BOOT_MS 300000

static const struct cli_option options[] = {
    {"timeout", 't', "SECONDS", "the longest wait (300)"},
    {"not-boot-id", 0, "ID", "wait until boot.id is not this one, that of the previous boot"},
    {0},
};

static int wait_boot_run(struct cli *cli)
{
    int64_t start = os_clock_ms();
    int timeout_ms = cli->timeout_ms < 0 ? BOOT_MS : cli->timeout_ms;
    int status = periscope_wait_boot(cli->periscope, timeout_ms, cli_option(cli, "not-boot-id"));
    double seconds = (double)(os_clock_ms() - start) / 1000;
    json_decimal(&cli->reply, "seconds", seconds);
    if (status)
        return cli_failed(cli, status);
    const char *banner = periscope_banner(cli->periscope);
    json_text(&cli->reply, "banner", banner);
    cli_print(cli, "%s answers after %.1f s: %s\n", cli->target, seconds, banner ? banner : "");
    return CLI_OK;
}

const struct command command_wait_boot = {
    .name = "wait-boot",
    .operands = "",
    .summary = "Wait until the guest has booted and its agent answers",
    .examples = "  periscope wait-boot --timeout 120 vm1:9000\n"
                "  periscope wait-boot --not-boot-id \"$(periscope property vm1:9000 boot.id)\" vm1:9000\n",
    .options = options,
    .times_itself = true,
    .run = wait_boot_run,
};
