/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/cli.h"

#include "host/cli/qmp.h"
#include "platform/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define END_MS 180000 /* that --wait waits by default: guests with updates take their time */
#define AWAY_MS 5000  /* for which the agent must not answer to be taken as gone, where nobody else can tell */
#define ASK_MS 1000   /* between two questions whether it is, and for each answer */

static const struct cli_option options[] = {
    {"reboot", 'r', NULL, "restart the guest"},
    {"log-off", 'l', NULL, "end the session at the guest's screen alone"},
    {"force", 'f', NULL, "also while programs of a host run, and where programs in the guest object"},
    {"wait", 'w', NULL, "wait until it is done: off, booted again, or nobody logged on"},
    {"qmp", 0, "SOCKET", "with --wait: ask QEMU's monitor whether the machine is off: a path or HOST:PORT"},
    {"timeout", 't', "SECONDS", "how long --wait waits (180)"},
    {0},
};

struct ending {
    struct cli *cli;
    const char *action;
    struct qmp *qmp; /* owned; NULL: QEMU is not asked */
    char *boot_id;   /* owned; before a reboot; or NULL */
    int64_t deadline;
};

static int64_t ending_left(const struct ending *ending)
{
    int64_t left = os_time_left(ending->deadline);
    return left > INT32_MAX ? INT32_MAX : left;
}

/* ---- before ---- */

/* Connects to QEMU first: its events are told to who is connected. */
static int ending_open_qmp(struct ending *ending)
{
    const char *address = cli_option(ending->cli, "qmp");
    struct error err;
    if (!address)
        return CLI_OK;
    if (qmp_open(&ending->qmp, address, &err) == 0)
        return CLI_OK;
    return cli_error(ending->cli, err.status == ERR_INVALID ? CLI_USAGE : CLI_FAILED, "%s", err.text);
}

static int ending_read_boot_id(struct ending *ending)
{
    struct periscope_strings properties;
    if (!cli_option(ending->cli, "wait") || strcmp(ending->action, "reboot") != 0)
        return CLI_OK;
    int status = periscope_properties(ending->cli->periscope, &properties);
    const char *id = status ? NULL : periscope_strings_get(&properties, "boot.id");
    ending->boot_id = id ? strdup(id) : NULL;
    periscope_strings_free(&properties);
    if (status)
        return cli_failed(ending->cli, status);
    if (!ending->boot_id)
        return cli_error(ending->cli, CLI_UNSUPPORTED,
                         "this agent has no property boot.id, which tells one boot from the next");
    return CLI_OK;
}

static int ending_ask(struct ending *ending)
{
    struct cli *cli = ending->cli;
    char action[32];
    const char *list[] = {action, cli_option(cli, "force") ? "force=1" : "force=0", NULL};
    struct periscope_strings facts;
    snprintf(action, sizeof action, "action=%s", ending->action);
    int status = periscope_shutdown(cli->periscope, list, &facts);
    if (status)
        return cli_failed(cli, status);
    json_text(&cli->reply, "action", ending->action);
    json_text(&cli->reply, "by", periscope_strings_get(&facts, "by"));
    const char *flushed = periscope_strings_get(&facts, "flushed");
    if (flushed && strcmp(flushed, "0") == 0)
        cli_warn(cli, "the guest's disks were not flushed in time");
    periscope_strings_free(&facts);
    return CLI_OK;
}

/* ---- after ---- */

static int ending_gave_up(struct ending *ending, const char *why)
{
    return cli_error(ending->cli, CLI_TIMED_OUT, "%s: %s", ending->cli->target, why);
}

/* Waits until QEMU says that the guest has switched itself off, or QEMU itself ends. */
static int ending_await_qemu(struct ending *ending, const char **how)
{
    static const char *const events[] = {"SHUTDOWN", NULL};
    struct error err;
    int status = qmp_await_event(ending->qmp, events, ending->deadline, &err);
    *how = status == 0 ? "off, as QEMU says" : "off: QEMU has ended";
    if (status == 0 || status == ERR_CLOSED)
        return CLI_OK;
    return status == ERR_TIMEOUT ? ending_gave_up(ending, "QEMU does not say that the machine is off")
                                 : cli_error(ending->cli, CLI_FAILED, "%s", err.text);
}

/* Waits until the agent has not answered for a while. Nothing more can be known by it alone. */
static int ending_await_silence(struct ending *ending, const char **how)
{
    struct periscope *p = ending->cli->periscope;
    int64_t since = 0;
    *how = "no longer answering; whether it is off, --qmp would tell";
    periscope_set_timeouts(p, ASK_MS, ASK_MS);
    while (os_time_left(ending->deadline) > 0) {
        periscope_disconnect(p);
        int status = periscope_ping(p);
        if (status == PERISCOPE_INTERRUPTED)
            return cli_failed(ending->cli, status);
        if (status != PERISCOPE_NO_AGENT && status != PERISCOPE_TIMED_OUT)
            since = 0;
        else if (since == 0)
            since = os_clock_ms();
        else if (os_clock_ms() - since >= AWAY_MS)
            return CLI_OK;
        os_sleep_ms(ASK_MS / 4);
    }
    return ending_gave_up(ending, "its agent still answers");
}

static int ending_await_boot(struct ending *ending, const char **how)
{
    struct cli *cli = ending->cli;
    *how = "booted again";
    int status = periscope_wait_boot(cli->periscope, (int)ending_left(ending), ending->boot_id);
    return status ? cli_failed(cli, status) : CLI_OK;
}

static int ending_await_log_off(struct ending *ending, const char **how)
{
    static const char *const list[] = {"state=none", "state=greeter", "state=starting", NULL};
    struct cli *cli = ending->cli;
    struct periscope_strings facts;
    *how = "logged off";
    int status = periscope_wait_ready(cli->periscope, list, (int)ending_left(ending), NULL, NULL, &facts);
    periscope_strings_free(&facts);
    return status ? cli_failed(cli, status) : CLI_OK;
}

static int ending_await(struct ending *ending)
{
    struct cli *cli = ending->cli;
    char time[CLI_TIME_SIZE];
    const char *how = NULL;
    ending->deadline = os_deadline(cli->timeout_ms < 0 ? END_MS : cli->timeout_ms);
    int status = strcmp(ending->action, "reboot") == 0    ? ending_await_boot(ending, &how)
                 : strcmp(ending->action, "log-off") == 0 ? ending_await_log_off(ending, &how)
                 : ending->qmp                            ? ending_await_qemu(ending, &how)
                                                          : ending_await_silence(ending, &how);
    if (status != CLI_OK)
        return status;
    json_text(&cli->reply, "end", how);
    return cli_did(cli, "%s is %s after %s", cli->target, how, cli_elapsed(cli, time));
}

static int shutdown_run(struct cli *cli)
{
    bool reboot = cli_option(cli, "reboot") != NULL, log_off = cli_option(cli, "log-off") != NULL;
    struct ending ending = {.cli = cli, .action = reboot ? "reboot" : log_off ? "log-off" : "off"};
    bool wait = cli_option(cli, "wait") != NULL;
    if (reboot && log_off)
        return cli_usage(cli, "--reboot and --log-off exclude each other");
    if (cli_option(cli, "qmp") && (!wait || reboot || log_off))
        return cli_usage(cli, "--qmp is for --wait, to be told that the machine is off");
    int exit_status = ending_open_qmp(&ending);
    if (exit_status == CLI_OK)
        exit_status = ending_read_boot_id(&ending);
    if (exit_status == CLI_OK)
        exit_status = ending_ask(&ending);
    if (exit_status == CLI_OK && wait)
        exit_status = ending_await(&ending);
    else if (exit_status == CLI_OK)
        cli_did(cli, "%s: %s was requested", cli->target, ending.action);
    qmp_close(ending.qmp);
    free(ending.boot_id);
    return exit_status;
}

const struct command command_shutdown = {
    .name = "shutdown",
    .operands = "",
    .summary = "Switch the guest off, restart it, or log off",
    .details = "The guest ends in full, never in a way from which it would resume. It is refused while programs of\n"
               "a host run, except with --force. --wait ends when the machine is off as QEMU says (--qmp, also when\n"
               "QEMU itself ends); without --qmp when the agent has not answered for 5 seconds, which is not the\n"
               "same. With --reboot it ends when the next boot's agent answers.\n",
    .examples = "  periscope shutdown vm1:9000\n"
                "  periscope shutdown --wait --qmp /run/vm1.qmp vm1:9000\n"
                "  periscope shutdown --reboot --wait --timeout 300 vm1:9000 && periscope wait-ready vm1:9000\n",
    .options = options,
    .times_itself = true,
    .run = shutdown_run,
};
