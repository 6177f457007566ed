/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command `periscope`: finds the verb, parses the command line, runs the verb, completes the reply. */
#include "host/cli/cli.h"
#include "host/cli/commands.h"
#include "host/cli/completion.h"
#include "host/cli/help.h"
#include "host/cli/nearest.h"
#include "host/cli/options.h"
#include "host/cli/out.h"
#include "host/common/target.h"

#include "platform/clock.h"
#include "platform/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How much later than its --timeout a verb may end that waits so long: the last reply may be late, and what was started is
   ended then. */
#define LATE_MS 15000

static int main_unknown_verb(struct cli *cli, const char *name)
{
    struct nearest nearest = nearest_to(name, strlen(name));
    char hint[NEAREST_HINT_SIZE];
    if (*name == '-') {
        nearest_consider(&nearest, "--help");
        nearest_consider(&nearest, "--version");
        nearest_consider(&nearest, "--completion");
        return cli_usage(cli, "'%.100s' is no verb, which comes first%s", name, nearest_hint(&nearest, "", hint));
    }
    for (const struct command *const *command = commands; *command; command++)
        nearest_consider(&nearest, (*command)->name);
    return cli_usage(cli, "there is no verb '%.100s'%s", name, nearest_hint(&nearest, "", hint));
}

/* Returns whether a verb has as many operands as it takes. */
static bool main_count_operands(const struct cli *cli)
{
    return cli->operand_count >= cli->command->min_operands && cli->operand_count <= cli->command->max_operands;
}

/* Determines the agent, *target; the operands after it stay in cli. */
static int main_take_target(struct cli *cli, struct target *target, char text[TARGET_TEXT_SIZE])
{
    struct error err = {0};
    const char *given = cli_option(cli, "host");
    if (!given && cli->operand_count > 0) {
        given = *cli->operands++;
        cli->operand_count--;
    }
    if (!main_count_operands(cli))
        return cli_usage(cli, "%zu operands after the host, where HOST[:PORT]%s%s is expected", cli->operand_count,
                         *cli->command->operands ? " " : "", cli->command->operands);
    if (target_resolve(target, given, getenv("PERISCOPE_HOST"), getenv("PERISCOPE_PORT"), &err))
        return cli_usage(cli, "%s", err.text);
    target_text(target, text);
    cli->host = target->host;
    cli->port = target->port;
    cli->target = text;
    json_text(&cli->reply, "host", target->host);
    json_number(&cli->reply, "port", target->port);
    return 0;
}

/* Determines the limit of the whole verb. A verb that waits for as long as --timeout says has a little more than that. */
static int main_take_limit(struct cli *cli)
{
    const char *total = cli_option(cli, "total-limit"), *deadline = cli_option(cli, "deadline");
    int deadline_ms = 0;
    cli->total_limit_ms = -1;
    if (total)
        return cli_seconds(cli, "--total-limit", total, &cli->total_limit_ms) ? 0 : CLI_USAGE;
    if (deadline && !cli_seconds(cli, "--deadline", deadline, &deadline_ms))
        return CLI_USAGE;
    int64_t limit = (int64_t)cli->timeout_ms + deadline_ms + LATE_MS;
    if (cli->command->times_itself && cli->timeout_ms >= 0 && limit < INT_MAX)
        cli->total_limit_ms = (int)limit;
    return 0;
}

static int main_take_timeouts(struct cli *cli)
{
    const char *timeout = cli_option(cli, "timeout"), *connect = cli_option(cli, "connect-timeout");
    cli->timeout_ms = cli->connect_timeout_ms = -1;
    if (timeout && !cli_seconds(cli, "--timeout", timeout, &cli->timeout_ms))
        return CLI_USAGE;
    if (connect && !cli_seconds(cli, "--connect-timeout", connect, &cli->connect_timeout_ms))
        return CLI_USAGE;
    return main_take_limit(cli);
}

static int main_connect_and_run(struct cli *cli)
{
    cli->periscope = periscope_new(cli->host, cli->port);
    if (!cli->periscope)
        return cli_error(cli, CLI_FAILED, "no memory for a connection");
    int connect_ms = cli->connect_timeout_ms < 0 ? PERISCOPE_CONNECT_MS : cli->connect_timeout_ms;
    bool silence = cli->timeout_ms >= 0 && !cli->command->times_itself;
    periscope_set_timeouts(cli->periscope, connect_ms, silence ? cli->timeout_ms : PERISCOPE_IO_MS);
    periscope_set_limit(cli->periscope, cli->total_limit_ms);
    out_set_deadline(os_deadline(cli->total_limit_ms));
    int exit_status = cli->command->run(cli);
    periscope_free(cli->periscope);
    return exit_status;
}

static int main_run_without_guest(struct cli *cli)
{
    cli->timeout_ms = cli->connect_timeout_ms = cli->total_limit_ms = -1;
    if (!main_count_operands(cli))
        return cli_usage(cli, "%zu operands, where %s is expected", cli->operand_count, cli->command->operands);
    return cli->command->run(cli);
}

static int main_run_line(struct cli *cli, char **args)
{
    struct error err = {0};
    struct target target;
    char text[TARGET_TEXT_SIZE];
    int status = cli_parse(cli, args, &cli->operand_count, &err);
    cli->operands = args;
    if (cli_option(cli, "help")) {
        help_command(cli->command);
        cli->json = false;
        return CLI_OK;
    }
    cli->json = cli_option(cli, "json") != NULL;
    cli->quiet = cli_option(cli, "quiet") != NULL;
    cli->verbose = cli_option(cli, "verbose") != NULL;
    cli->start_ms = os_clock_ms();
    if (status)
        return cli_usage(cli, "%s", err.text);
    if (cli->command->no_guest)
        return main_run_without_guest(cli);
    int exit_status = main_take_target(cli, &target, text);
    if (!exit_status)
        exit_status = main_take_timeouts(cli);
    return exit_status ? exit_status : main_connect_and_run(cli);
}

/* Checks that all output was written. No status of success may stand for bytes that went nowhere. */
static int main_flush(const struct cli *cli, int exit_status)
{
    struct error err;
    int status = out_flush(&err);
    if (status)
        out_complain("periscope: %s%scould not write to standard output: %s\n", cli->command ? cli->command->name : "",
                     cli->command ? ": " : "", err.text);
    if (status)
        return status == ERR_TIMEOUT ? CLI_TIMED_OUT : CLI_FAILED;
    return exit_status == CLI_OK && out_complaint_lost() ? CLI_FAILED : exit_status;
}

/* Completes and prints the reply. */
static int main_finish(struct cli *cli, int exit_status)
{
    struct json *reply = &cli->reply;
    json_text(reply, "status", cli->status ? cli->status : "ok");
    json_bool(reply, "ok", !cli->reported);
    json_integer(reply, "exit", exit_status);
    json_object_end(reply);
    if (cli->json && reply->out.failed)
        exit_status = cli_error(cli, CLI_FAILED, "the reply does not fit into memory");
    if (cli->json && !reply->out.failed) {
        out_write(reply->out.data, reply->out.len);
        out_write("\n", 1);
    }
    return main_flush(cli, exit_status);
}

int main(int argc, char **argv)
{
    struct cli cli = {0};
    os_stream_open_standard();
    if (argc < 2)
        return cli_usage(&cli, "no verb");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        help_program();
        return main_flush(&cli, CLI_OK);
    }
    if (strcmp(argv[1], "--version") == 0) {
        out_print("periscope " PERISCOPE_VERSION "\n");
        return main_flush(&cli, CLI_OK);
    }
    if (strcmp(argv[1], "--completion") == 0) {
        if (!argv[2] || !completion_print(argv[2]))
            return cli_usage(&cli, "--completion needs a shell: bash, zsh or fish");
        return main_flush(&cli, CLI_OK);
    }
    cli.command = command_find(argv[1]);
    if (!cli.command)
        return main_unknown_verb(&cli, argv[1]);
    json_init(&cli.reply);
    json_object_begin(&cli.reply, NULL);
    json_text(&cli.reply, "verb", cli.command->name);
    int exit_status = main_run_line(&cli, argv + 2);
    exit_status = main_finish(&cli, exit_status);
    free(cli.settings);
    json_deinit(&cli.reply);
    return exit_status;
}
