/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/cli.h"

static int property_show(struct cli *cli, const char *name)
{
    struct periscope_strings properties;
    int status = periscope_properties(cli->periscope, &properties);
    if (status)
        return cli_failed(cli, status);
    const char *value = periscope_strings_get(&properties, name);
    json_text(&cli->reply, "value", value);
    int exit_status = CLI_OK;
    cli_make_printable(&properties); /* in place: value points into them */
    if (value)
        cli_print(cli, "%s\n", value);
    else
        exit_status = cli_error(cli, CLI_FAILED, "the agent has no property '%s'", name);
    periscope_strings_free(&properties);
    return exit_status;
}

static int property_run(struct cli *cli)
{
    const char *name = cli->operands[0];
    json_text(&cli->reply, "name", name);
    if (cli->operand_count < 2)
        return property_show(cli, name);
    json_text(&cli->reply, "value", cli->operands[1]);
    int status = periscope_set_property(cli->periscope, name, cli->operands[1]);
    return status ? cli_failed(cli, status) : cli_did(cli, "%s: %s=%s", cli->target, name, cli->operands[1]);
}

const struct command command_property = {
    .name = "property",
    .operands = "NAME [VALUE]",
    .summary = "Show or set one property of the agent",
    .details = "'periscope info' shows them all. Only start.count can be set.\n",
    .examples = "  periscope property vm1:9000 boot.id\n"
                "  periscope property vm1:9000 start.count 0\n",
    .min_operands = 1,
    .max_operands = 2,
    .run = property_run,
};
