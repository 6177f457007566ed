/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Becomes the gateway, which is a program of its own: it alone needs libwebsockets. */
#include "host/cli/cli.h"

#include "platform/execute.h"

static const struct cli_option options[] = {
    {"config", 'c', "FILE", "read options from this file: 'name = value' lines, docs/gateway.md"},
    {"listen", 'l', "ADDRESS[:PORT]", "where browsers connect (127.0.0.1:8080); may be repeated"},
    {"guest", 'g', "'NAME HOST[:PORT] [group=GROUP]'", "a guest to show; may be repeated"},
    {"host", 0, "NAME", "a name that the gateway is called by, beyond its address; may be repeated"},
    {"token", 0, "yes|no", "whether a token is needed on loopback too (no)"},
    {"token-file", 0, "FILE", "a secret for programs: 'Authorization: Bearer SECRET'"},
    {"certificate", 0, "FILE", "of TLS, in PEM form"},
    {"key", 0, "FILE", "its private key"},
    {"prefix", 0, "/PATH", "what all paths begin with, behind a proxy"},
    {"proxy", 0, "ADDRESS", "a proxy whose X-Forwarded-... are believed; may be repeated"},
    {"keep-alive", 0, "SECONDS", "how often a guest is asked for a sign of life (25)"},
    {"novnc", 0, "FOLDER", "noVNC, to be served below /novnc/"},
    {"pages", 0, "FOLDER", "pages in place of those that are built in"},
    {0},
};

/* Makes the gateway's command line: all options in their order, then the guests. */
static bool serve_arguments(struct cli *cli, struct strlist *argv)
{
    strlist_add(argv, "periscope-gateway");
    for (size_t i = 0; i < cli->setting_count; i++)
        if (cli->settings[i].option >= options && cli->settings[i].option < options + sizeof options / sizeof *options)
            strlist_addf(argv, "--%s=%s", cli->settings[i].option->name, cli->settings[i].value);
    for (size_t i = 0; i < cli->operand_count; i++)
        strlist_add(argv, cli->operands[i]);
    return !argv->failed;
}

static int serve_run(struct cli *cli)
{
    struct strlist argv = {0};
    struct error err;
    if (!serve_arguments(cli, &argv))
        return cli_error(cli, CLI_FAILED, "no memory for the command line");
    int status = os_execute_beside("periscope-gateway", argv.items, &err);
    if (status == ERR_NOT_FOUND)
        status = os_execute_beside("../libexec/periscope/periscope-gateway", argv.items, &err);
    strlist_deinit(&argv);
    if (status == ERR_NOT_FOUND)
        return cli_error(cli, CLI_UNSUPPORTED,
                         "periscope-gateway is not installed beside periscope (package periscope-gateway)");
    return cli_error(cli, CLI_FAILED, "could not run periscope-gateway: %s", err.text);
}

const struct command command_serve = {
    .name = "serve",
    .operands = "[HOST[:PORT]...]",
    .summary = "Show the screens of guests in a browser",
    .details =
        "Prints the address of a page with all guests, and serves it until it is ended. Each guest is a HOST, or a\n"
        "line of the configuration file. A HOST without a port is asked at port 9000. Beyond loopback the page\n"
        "needs a token, which is part of the address that is printed, and can be used once.\n",
    .examples = "  periscope serve vm1 vm2:9001\n"
                "  periscope serve --config farm.conf\n"
                "  periscope serve --listen 0.0.0.0:8080 --host farm --guest 'win11 192.168.122.5 group=amd'\n",
    .options = options,
    .max_operands = UINT_MAX,
    .no_guest = true,
    .run = serve_run,
};
