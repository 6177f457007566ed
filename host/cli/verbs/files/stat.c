/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/cli.h"

#include <string.h>

static const struct cli_option options[] = {
    {"sha256", 0, NULL, "compute the SHA-256 of the file too"},
    {"no-follow", 0, NULL, "a link itself, not what it leads to"},
    {0},
};

static int stat_run(struct cli *cli)
{
    struct periscope_strings facts;
    bool sum = cli_option(cli, "sha256") != NULL, itself = cli_option(cli, "no-follow") != NULL;
    if (sum && itself)
        return cli_usage(cli, "a link itself has no SHA-256: give --sha256 or --no-follow");
    int status = periscope_stat(cli->periscope, cli->operands[0],
                                sum      ? "sha256=1"
                                : itself ? "follow=0"
                                         : NULL,
                                &facts);
    if (status)
        return cli_failed(cli, status);
    for (size_t i = 0; i < facts.count; i++) {
        char key[32];
        size_t len = strcspn(facts.items[i], "=");
        if (len < sizeof key && facts.items[i][len]) {
            memcpy(key, facts.items[i], len);
            key[len] = 0;
            json_text(&cli->reply, key, facts.items[i] + len + 1);
        }
    }
    cli_make_printable(&facts);
    for (size_t i = 0; i < facts.count; i++)
        cli_print(cli, "%s\n", facts.items[i]);
    periscope_strings_free(&facts);
    return CLI_OK;
}

const struct command command_stat = {
    .name = "stat",
    .operands = "PATH",
    .summary = "Tell what is at a path in the guest: type, size, permissions, time, SHA-256",
    .examples = "  periscope stat vm1:9000 report.txt\n"
                "  periscope stat --sha256 vm1:9000 disk.img\n",
    .options = options,
    .min_operands = 1,
    .max_operands = 1,
    .run = stat_run,
};
