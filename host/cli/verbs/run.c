/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/child.h"

#include <inttypes.h>
#include <stdlib.h>

static const struct cli_option options[] = {
    {"env", 'e', "NAME[=VALUE]", "set a variable of the program's environment; without '=', remove it"},
    {"cwd", 'C', "FOLDER", "the guest's folder to start the program in"},
    {"console", 0, "KIND", "on Windows: 'shared' with the agent (default), 'new' or 'none'"},
    {"stdin", 0, "FILE", "the guest's file for its standard input"},
    {"stdout", 0, "FILE", "the guest's file for its standard output"},
    {"stderr", 0, "FILE", "the guest's file for its standard error; may be that of --stdout"},
    {"append", 'a', NULL, "append to these files"},
    {"no-wait", 'n', NULL, "print its process id and exit"},
    {"detach", 'd', NULL, "like --no-wait, and the agent does not keep its exit status"},
    CHILD_OPTIONS,
    {0},
};

static int run_start(struct cli *cli, const char *const *env, uint64_t *pid)
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
    };
    return periscope_run(cli->periscope, &what, pid);
}

static int run_run(struct cli *cli)
{
    uint64_t pid;
    bool leave = cli_option(cli, "no-wait") || cli_option(cli, "detach");
    const char **env = cli_option_all(cli, "env");
    if (!env)
        return cli_error(cli, CLI_FAILED, "no memory for the environment");
    if (!leave)
        cli_catch_interrupt(cli);
    int status = run_start(cli, env, &pid);
    free(env);
    if (status)
        return cli_failed(cli, status);
    json_number(&cli->reply, "pid", pid);
    if (!leave)
        return child_await(cli, pid);
    cli_print(cli, "%" PRIu64 "\n", pid);
    return CLI_OK;
}

const struct command command_run = {
    .name = "run",
    .operands = "PROGRAM [ARGUMENT...]",
    .summary = "Run a program in the guest and exit with its status",
    .details = "Options come before PROGRAM; all words after it are its arguments. There is no shell. The\n"
               "program's output goes where the agent's does, unless --stdout and --stderr name files. The exit\n"
               "status is the program's code, or 128 + N if signal N ended it. A code that does not fit, such as\n"
               "0xc0000005 from Windows, becomes 255 and is printed on standard error. The agent then forgets\n"
               "the status, unless --keep is given.\n",
    .examples = "  periscope run vm1:9000 ./script.bat\n"
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
