/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program in a terminal of the guest, seen and driven in this one. */
#include "host/cli/child.h"
#include "host/cli/pass.h"
#include "platform/clock.h"
#include "platform/stream.h"
#include "platform/terminal.h"
#include "platform/thread.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_SIZE 4096 /* bytes */
#define COLUMNS 80     /* where this is no terminal */
#define ROWS 24
#define SIZE_TEXT 32        /* bytes of "size=COLUMNSxROWS" */
#define HANG_UP_MS 3000     /* for the guest to be told that nobody is here any more */
#define END_OF_INPUT "\x04" /* what a terminal takes for its end */

static const struct cli_option options[] = {
    {"env", 'e', "NAME[=VALUE]", "set a variable of the program's environment; without '=', remove it"},
    {"cwd", 'C', "FOLDER", "the guest's folder to start the program in"},
    {"tag", 0, "NAME", "a name by which 'ps' and 'kill --tag' find it"},
    {0},
};

struct shell {
    struct cli *cli;
    struct periscope *keys, *sizes; /* owned; the first for the keys' thread alone, the second for that of the sizes */
    uint64_t pid;
    uint64_t offset;
    bool line_begins, tilde;         /* of what was typed */
    atomic_bool started, stop, left; /* the program was, and has ended; it was left by "~." */
    struct os_thread *thread;
};

static struct periscope *shell_connection(const struct cli *cli)
{
    struct periscope *p = periscope_new(cli->host, cli->port);
    if (p)
        periscope_set_timeouts(p, cli->connect_timeout_ms < 0 ? PERISCOPE_CONNECT_MS : cli->connect_timeout_ms,
                               PERISCOPE_IO_MS);
    return p;
}

/* ---- keys ---- */

/* Takes the escape "~." out of what was typed at the beginning of a line; "~~" is one '~'. Returns how many bytes are left
   to be sent, or -1 when it was left. */
static int shell_escape(struct shell *shell, const char *typed, int len, char *out)
{
    int count = 0;
    for (int i = 0; i < len; i++) {
        char key = typed[i];
        bool begins = shell->line_begins;
        shell->line_begins = key == '\r' || key == '\n';
        if (shell->tilde && key == '.')
            return -1;
        if (shell->tilde && key != '~')
            out[count++] = '~';
        bool escape = key == '~' && begins && !shell->tilde;
        shell->tilde = escape;
        if (!escape)
            out[count++] = key;
    }
    return count;
}

static void shell_leave(struct shell *shell)
{
    atomic_store(&shell->left, true);
    periscope_interrupt(shell->cli->periscope);
}

static void shell_keys_main(void *context)
{
    struct shell *shell = context;
    const struct os_patience patience = {.deadline_ms = INT64_MAX, .stop = &shell->stop};
    char typed[KEYS_SIZE], keys[2 * KEYS_SIZE];
    int status = 0;
    while (status == 0 && !atomic_load(&shell->stop)) {
        int got = os_stream_read(OS_STREAM_INPUT, typed, sizeof typed, &patience, NULL);
        int len = got > 0 ? shell_escape(shell, typed, got, keys) : 0;
        if (len < 0) {
            shell_leave(shell);
            return;
        }
        if (got == 0)
            memcpy(keys, END_OF_INPUT, (size_t)(len = 1));
        if (len > 0 && !atomic_load(&shell->stop))
            status = periscope_write(shell->keys, shell->pid, &shell->offset, keys, (size_t)len, false);
        if (got <= 0)
            return;
    }
}

/* ---- size ---- */

static void shell_size_text(char text[SIZE_TEXT], const char *before)
{
    unsigned columns, rows;
    if (!os_terminal_size(&columns, &rows)) {
        columns = COLUMNS;
        rows = ROWS;
    }
    snprintf(text, SIZE_TEXT, "%s%ux%u", before, columns, rows);
}

/* Passes the size on as it is now; one that can't be is passed on with the next change. */
static void shell_size_changed(void *context)
{
    struct shell *shell = context;
    char size[SIZE_TEXT];
    shell_size_text(size, "size=");
    if (atomic_load(&shell->started) && !atomic_load(&shell->stop))
        (void)periscope_terminal(shell->sizes, shell->pid, (const char *const[]){size, NULL});
}

/* ---- the program ---- */

/* Starts what was asked for, else the shell of who programs run as. */
static int shell_start(struct shell *shell)
{
    static const char *const unix_shell[] = {
        "/bin/sh", "-c",
        "s=${SHELL:-$(getent passwd \"$(id -u)\" 2>/dev/null | cut -d: -f7)}; exec \"${s:-/bin/sh}\" -l", NULL};
    static const char *const windows_shell[] = {"%ComSpec%", NULL};
    struct cli *cli = shell->cli;
    char size[SIZE_TEXT], term[64];
    struct periscope_strings properties = {0};
    const char **env = cli_option_all(cli, "env");
    size_t count = 0;
    while (env && env[count])
        count++;
    const char **with_term = calloc(count + 2, sizeof *with_term);
    if (!env || !with_term) {
        free(env);
        free(with_term);
        return cli_error(cli, CLI_FAILED, "no memory for the environment");
    }
    snprintf(term, sizeof term, "TERM=%.50s", getenv("TERM") ? getenv("TERM") : "dumb");
    with_term[0] = term;
    memcpy(with_term + 1, env, count * sizeof *env);
    shell_size_text(size, "");
    struct periscope_run run = {.argv = (const char *const *)cli->operands,
                                .env = with_term,
                                .cwd = cli_option(cli, "cwd"),
                                .tag = cli_option(cli, "tag"),
                                .terminal = size};
    int status = cli->operand_count ? 0 : periscope_properties(cli->periscope, &properties);
    const char *arch = periscope_strings_get(&properties, "server.arch");
    if (!cli->operand_count)
        run.argv = arch && strncmp(arch, "win", 3) == 0 ? windows_shell : unix_shell;
    if (!status)
        status = periscope_run(cli->periscope, &run, &shell->pid);
    periscope_strings_free(&properties);
    free(env);
    free(with_term);
    return status ? cli_failed(cli, status) : CLI_OK;
}

/* Tells the programs in the terminal that it is gone, as a modem would. */
static void shell_hang_up(struct shell *shell)
{
    struct periscope *p = shell->cli->periscope;
    periscope_set_limit(p, HANG_UP_MS);
    if (periscope_terminal(p, shell->pid, (const char *const[]){"signal=HUP", NULL}) == 0)
        (void)periscope_forget(p, shell->pid);
}

static int shell_follow(struct shell *shell)
{
    struct error why;
    struct cli *cli = shell->cli;
    int status = pass_outputs(cli, shell->pid, PERISCOPE_STREAM_OUT, -1, &why);
    os_terminal_restore();
    if (status == 0)
        return child_await(cli, shell->pid, -1, true);
    if (status == PERISCOPE_INTERRUPTED || status == PERISCOPE_LOCAL)
        shell_hang_up(shell);
    if (status == PERISCOPE_INTERRUPTED && atomic_load(&shell->left))
        return cli_error(cli, CLI_INTERRUPTED, "left");
    return status == PERISCOPE_LOCAL && why.status ? cli_error(cli, CLI_FAILED, "%s", why.text)
                                                   : cli_failed(cli, status);
}

static int shell_drive(struct shell *shell)
{
    struct error err;
    atomic_store(&shell->started, true);
    os_terminal_raw();
    if (os_thread_start_joinable(&shell->thread, shell_keys_main, shell, &err))
        cli_warn(shell->cli, "what is typed is not passed on: %s", err.text);
    shell_size_changed(shell); /* what it became since the start */
    int exit_status = shell_follow(shell);
    atomic_store(&shell->stop, true);
    periscope_interrupt(shell->keys);
    if (shell->thread)
        os_thread_join(shell->thread);
    return exit_status;
}

static int shell_run(struct cli *cli)
{
    static struct shell shell; /* the thread of the sizes has it to the end */
    struct error err;
    shell = (struct shell){.cli = cli, .line_begins = true};
    shell.keys = shell_connection(cli);
    shell.sizes = shell_connection(cli);
    if (!shell.keys || !shell.sizes)
        return cli_error(cli, CLI_FAILED, "no memory for a connection");
    if (os_terminal_watch(shell_size_changed, &shell, &err))
        cli_warn(cli, "changes of this terminal's size are not passed on: %s", err.text);
    cli_catch_interrupt(cli);
    int exit_status = shell_start(&shell);
    if (exit_status == CLI_OK)
        exit_status = shell_drive(&shell);
    periscope_free(shell.keys);
    return exit_status;
}

const struct command command_shell = {
    .name = "shell",
    .operands = "[PROGRAM [ARGUMENT...]]",
    .summary = "Run a program in a terminal of the guest, and drive it from this one",
    .details = "Without PROGRAM it is the shell of the user that programs run as. Options come before HOST. Each key\n"
               "goes to the guest, the size of this terminal too, and the exit status is the program's, as with\n"
               "'run'. The keys '~.' at the beginning of a line leave it: the program is hung up.\n",
    .examples = "  periscope shell vm1:9000\n"
                "  periscope shell -e LANG=C vm1:9000 top\n",
    .options = options,
    .max_operands = UINT_MAX,
    .runs_program = true,
    .times_itself = true,
    .run = shell_run,
};
