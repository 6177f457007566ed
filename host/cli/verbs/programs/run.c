/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/child.h"
#include "host/cli/pass.h"
#include "platform/clock.h"

#include <inttypes.h>
#include <stdlib.h>

static const struct cli_option options[] = {
    {"env", 'e', "NAME[=VALUE]", "set a variable of the program's environment; without '=', remove it"},
    {"cwd", 'C', "FOLDER", "the guest's folder to start the program in"},
    {"console", 0, "KIND", "on Windows: 'shared' with the agent (default), 'new' or 'none'"},
    {"tag", 0, "NAME", "a name by which 'ps' and 'kill --tag' find it"},
    {"limit", 'l', "SECONDS", "how long it may run: the guest ends it then, also when nobody waits any more"},
    {"at-limit", 0, "LIST", "what the guest does at the limit (kill): of picture,windows,stacks,kill"},
    {"limit-files", 0, "PREFIX", "how the names of the guest's files from the limit begin (as --stdout)"},
    {"stdin", 0, "FILE", "the guest's file for its standard input"},
    {"stdout", 0, "FILE", "the guest's file for its standard output"},
    {"stderr", 0, "FILE", "the guest's file for its standard error; may be that of --stdout"},
    {"append", 'a', NULL, "append to these files"},
    {"no-stdin", 0, NULL, "leave standard input alone: the program gets the agent's"},
    {"no-stream", 0, NULL, "leave its outputs in the guest: they go where the agent's do"},
    {"no-wait", 'n', NULL, "print its process id and exit"},
    {"detach", 'd', NULL, "like --no-wait, and the agent does not keep its exit status"},
    CHILD_OPTIONS,
    {0},
};

/* Returns which streams are passed on: those that no file is named for, of a program that is waited for. */
static unsigned run_streams(const struct cli *cli)
{
    bool none = cli->json || cli_option(cli, "no-stream") || cli_option(cli, "no-wait") || cli_option(cli, "detach");
    unsigned streams = 0;
    if (!cli_option(cli, "stdin") && !cli_option(cli, "no-stdin"))
        streams |= PERISCOPE_STREAM_IN;
    if (!cli_option(cli, "stdout"))
        streams |= PERISCOPE_STREAM_OUT;
    if (!cli_option(cli, "stderr"))
        streams |= PERISCOPE_STREAM_ERR;
    return none ? 0 : streams;
}

static int run_start(struct cli *cli, const char *const *env, unsigned streams, int limit_ms, uint64_t *pid)
{
    bool append = cli_option(cli, "append") != NULL;
    struct periscope_run what = {
        .argv = (const char *const *)cli->operands,
        .env = env && env[0] ? env : NULL,
        .cwd = cli_option(cli, "cwd"),
        .in = cli_option(cli, "stdin"),
        .out = cli_option(cli, "stdout"),
        .err = cli_option(cli, "stderr"),
        .append_out = append,
        .append_err = append,
        .console = cli_option(cli, "console"),
        .untracked = cli_option(cli, "detach") != NULL,
        .streams = streams,
        .tag = cli_option(cli, "tag"),
        .limit_ms = limit_ms,
        .at_limit = cli_option(cli, "at-limit"),
        .limit_files = cli_option(cli, "limit-files"),
    };
    return periscope_run(cli->periscope, &what, pid);
}

/* Starts it without streams where the agent has none. */
static int run_start_streamed(struct cli *cli, unsigned *streams, uint64_t *pid)
{
    int limit_ms = 0;
    if (cli_option(cli, "limit") && !cli_seconds(cli, "--limit", cli_option(cli, "limit"), &limit_ms))
        return CLI_USAGE;
    if (cli_option(cli, "limit") && limit_ms == 0)
        return cli_usage(cli, "--limit is 0 seconds");
    const char **env = cli_option_all(cli, "env");
    if (!env)
        return cli_error(cli, CLI_FAILED, "no memory for the environment");
    int status = run_start(cli, env, *streams, limit_ms, pid);
    if (status == PERISCOPE_UNSUPPORTED && *streams) {
        *streams = 0;
        status = run_start(cli, env, 0, limit_ms, pid);
    }
    free(env);
    return status ? cli_failed(cli, status) : CLI_OK;
}

/* Passes on its outputs, which end before it does, and waits for it. */
static int run_follow(struct cli *cli, unsigned streams, uint64_t pid)
{
    struct error why;
    int64_t deadline = os_deadline(cli->timeout_ms);
    int status = pass_outputs(cli, pid, streams, cli->timeout_ms, &why);
    if (status == PERISCOPE_LOCAL && why.status)
        return child_give_up(cli, CLI_FAILED, why.text, "kill-on-interrupt", pid);
    if (status == PERISCOPE_UNSUPPORTED || status == PERISCOPE_REFUSED)
        cli_warn(cli, "the program's outputs can't be followed: %s", periscope_error_text(cli->periscope));
    else if (status)
        return child_waited(cli, pid, status);
    return child_await(cli, pid, cli->timeout_ms < 0 ? -1 : (int)os_time_left(deadline), true);
}

static int run_await(struct cli *cli, unsigned streams, uint64_t pid)
{
    int exit_status;
    if (streams & PERISCOPE_STREAM_IN)
        pass_input_begin(cli, pid);
    if (streams & (PERISCOPE_STREAM_OUT | PERISCOPE_STREAM_ERR))
        exit_status = run_follow(cli, streams, pid);
    else
        exit_status = child_await(cli, pid, cli->timeout_ms, false);
    pass_input_end(cli);
    return exit_status;
}

static int run_run(struct cli *cli)
{
    uint64_t pid;
    unsigned streams = run_streams(cli);
    bool leave = cli_option(cli, "no-wait") || cli_option(cli, "detach");
    if (!leave)
        cli_catch_interrupt(cli);
    int exit_status = away_begin(cli);
    if (!exit_status)
        exit_status = run_start_streamed(cli, &streams, &pid);
    if (exit_status)
        return exit_status;
    json_number(&cli->reply, "pid", pid);
    if (!leave)
        return run_await(cli, streams, pid);
    cli_print(cli, "%" PRIu64 "\n", pid);
    return CLI_OK;
}

const struct command command_run = {
    .name = "run",
    .operands = "PROGRAM [ARGUMENT...]",
    .summary = "Run a program in the guest and exit with its status",
    .details = "Options come before PROGRAM; all words after it are its arguments. There is no shell. What\n"
               "the program writes comes out here as it is written, and it reads what is given here as standard\n"
               "input, unless --stdin, --stdout and --stderr name files. With --json, --no-wait and --detach, and\n"
               "with agents that can't stream, its outputs stay in the guest, where the agent's go.\n"
               "The exit status is the program's code, or 128 + N if signal N ended it. A code that does not fit,\n"
               "such as 0xc0000005 from Windows, becomes 255 and is printed on standard error. The agent then\n"
               "forgets the status and the outputs, unless --keep is given.\n",
    .examples = "  periscope run vm1:9000 ./script.bat\n"
                "  tar c folder | periscope run vm1:9000 tar x\n"
                "  periscope run --cwd /tmp --env LANG=C --stdout out.txt vm1:9000 ls -l\n"
                "  periscope run --timeout 120 --kill-on-timeout vm1:9000 ./test.exe unit\n"
                "  pid=$(periscope run --no-wait vm1:9000 sleep 60)\n",
    .options = options,
    .min_operands = 1,
    .max_operands = UINT_MAX,
    .runs_program = true,
    .times_itself = true,
    .run = run_run,
};
