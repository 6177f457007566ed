/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/cli.h"
#include "host/cli/progress.h"

#include "base/number.h"

static void df_show(struct cli *cli, const struct periscope_strings *facts, const char *key, const char *json_key,
                    bool is_size)
{
    const char *text = periscope_strings_get(facts, key);
    char size[32];
    uint64_t value;
    if (!text || !number_take(&text, UINT64_MAX, &value))
        return;
    json_number(&cli->reply, json_key, value);
    progress_bytes(size, sizeof size, value);
    if (is_size)
        cli_print(cli, "%-10s %16llu  %s\n", key, (unsigned long long)value, size);
    else if (value)
        cli_print(cli, "%-10s %16llu\n", key, (unsigned long long)value);
}

static int df_run(struct cli *cli)
{
    struct periscope_strings facts;
    int status = periscope_df(cli->periscope, cli->operand_count ? cli->operands[0] : ".", &facts);
    if (status)
        return cli_failed(cli, status);
    df_show(cli, &facts, "total", "total", true);
    df_show(cli, &facts, "free", "free", true);
    df_show(cli, &facts, "available", "available", true);
    df_show(cli, &facts, "files", "files", false);
    df_show(cli, &facts, "files-free", "files_free", false);
    periscope_strings_free(&facts);
    return CLI_OK;
}

const struct command command_df = {
    .name = "df",
    .operands = "[PATH]",
    .summary = "Tell how much room a file system of the guest has",
    .details = "Without PATH it is that of the agent's folder. 'available' is for the user that tests run as, in\n"
               "bytes; 'files' is how many files there can be, where there is such a limit.\n",
    .examples = "  periscope df vm1:9000\n"
                "  periscope df --json vm1:9000 'C:\\' | jq .available\n",
    .max_operands = 1,
    .run = df_run,
};
