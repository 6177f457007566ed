/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/cli.h"
#include "host/cli/out.h"

#include "base/error.h"
#include "base/utf8.h"
#include "platform/clock.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *cli_exit_name(enum cli_exit exit_status)
{
    switch (exit_status) {
#define X(symbol, value, name, help)                                                                                   \
    case symbol:                                                                                                       \
        return name;
        CLI_EXITS(X)
#undef X
    }
    return "failed";
}

enum cli_exit cli_exit_of(int status)
{
    switch ((enum periscope_status)status) {
    case PERISCOPE_OK:
        return CLI_OK;
    case PERISCOPE_NO_AGENT:
        return CLI_NO_AGENT;
    case PERISCOPE_TIMED_OUT:
    case PERISCOPE_STILL_RUNNING:
        return CLI_TIMED_OUT;
    case PERISCOPE_REFUSED:
        return CLI_REFUSED;
    case PERISCOPE_UNSUPPORTED:
        return CLI_UNSUPPORTED;
    case PERISCOPE_INVALID:
        return CLI_USAGE;
    case PERISCOPE_INTERRUPTED:
        return CLI_INTERRUPTED;
    case PERISCOPE_LOCAL:
        return CLI_FAILED;
    }
    return CLI_FAILED;
}

/* Returns the text behind the verb's name, if it begins with that: an agent's refusal begins with the RPC's, which is the
   same but for hyphens. */
static const char *cli_without_verb(const char *text, const char *verb)
{
    const char *at = text;
    for (; *verb; verb++)
        if (*verb != '-' && *at++ != *verb)
            return text;
    return strncmp(at, ": ", 2) == 0 ? at + 2 : text;
}

/* Prints a line on standard error, after "periscope: " or "periscope: VERB: ". */
static void cli_print_line(const struct cli *cli, const char *text, const char *after)
{
    if (cli->command)
        out_complain("periscope: %s: %s%s\n", cli->command->name, cli_without_verb(text, cli->command->name), after);
    else
        out_complain("periscope: %s%s\n", text, after);
}

static int cli_report(struct cli *cli, enum cli_exit exit_status, const char *text, const char *after)
{
    cli_print_line(cli, text, after);
    if (!cli->reported) {
        cli->status = cli_exit_name(exit_status);
        json_text(&cli->reply, "error", text);
    }
    cli->reported = true;
    return exit_status;
}

int cli_failed(struct cli *cli, int status)
{
    return cli_report(cli, cli_exit_of(status), periscope_error_text(cli->periscope), "");
}

int cli_error(struct cli *cli, enum cli_exit exit_status, const char *format, ...)
{
    struct error err;
    va_list args;
    va_start(args, format);
    error_vset(&err, ERR_INVALID, format, args);
    va_end(args);
    return cli_report(cli, exit_status, err.text, "");
}

int cli_usage(struct cli *cli, const char *format, ...)
{
    struct error err;
    char hint[64];
    va_list args;
    va_start(args, format);
    error_vset(&err, ERR_INVALID, format, args);
    va_end(args);
    snprintf(hint, sizeof hint, " (see 'periscope %s%s--help')", cli->command ? cli->command->name : "",
             cli->command ? " " : "");
    return cli_report(cli, CLI_USAGE, err.text, hint);
}

void cli_make_printable(struct periscope_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        utf8_make_printable(strings->items[i]);
}

void cli_print(struct cli *cli, const char *format, ...)
{
    va_list args;
    if (cli->json)
        return;
    va_start(args, format);
    out_print_list(format, args);
    va_end(args);
}

void cli_note(struct cli *cli, const char *format, ...)
{
    struct error text;
    va_list args;
    if (cli->quiet)
        return;
    va_start(args, format);
    error_vset(&text, ERR_INVALID, format, args);
    va_end(args);
    out_remark("periscope: %s: %s\n", cli->command->name, text.text);
}

int cli_did(struct cli *cli, const char *format, ...)
{
    struct error text;
    va_list args;
    if (cli->quiet || cli->json)
        return CLI_OK;
    va_start(args, format);
    error_vset(&text, ERR_INVALID, format, args);
    va_end(args);
    utf8_make_printable(text.text);
    out_remark("%s\n", text.text);
    return CLI_OK;
}

const char *cli_elapsed(const struct cli *cli, char text[CLI_TIME_SIZE])
{
    int64_t ms = os_clock_ms() - cli->start_ms;
    if (ms < 1000)
        snprintf(text, CLI_TIME_SIZE, "%d ms", (int)ms);
    else
        snprintf(text, CLI_TIME_SIZE, "%.1f s", (double)ms / 1000);
    return text;
}

void cli_warn(struct cli *cli, const char *format, ...)
{
    struct error text;
    va_list args;
    va_start(args, format);
    error_vset(&text, ERR_INVALID, format, args);
    va_end(args);
    cli_print_line(cli, text.text, "");
}

/* ---- Ctrl-C ---- */

static struct periscope *interruptible;
static volatile sig_atomic_t held, pending;

/* Handles the signals; both functions are async-signal-safe. The default action is restored, so that a second
   Ctrl-C always ends the process. */
static void cli_on_signal(int number)
{
    signal(number, SIG_DFL);
    if (held)
        pending = 1;
    else
        periscope_interrupt(interruptible);
}

void cli_hold_interrupt(bool hold)
{
    held = hold;
    if (hold || !pending)
        return;
    pending = 0;
    periscope_interrupt(interruptible);
}

void cli_catch_interrupt(struct cli *cli)
{
    static const int numbers[] = {
        SIGINT,
        SIGTERM,
#ifdef SIGHUP /* the terminal has gone; not on Windows */
        SIGHUP,
#endif
    };
    interruptible = cli->periscope;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (signal(numbers[i], cli_on_signal) == SIG_IGN)
            signal(numbers[i], SIG_IGN);
}
