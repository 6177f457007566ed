/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/child.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_OF_ANY_OTHER 255
#define KILL_MS 15000 /* in all, to end a program that is waited for no longer */

int child_exit_status(const struct periscope_exit *end)
{
    if (!end->exited)
        return end->signal > 0 && end->signal < 127 ? 128 + end->signal : EXIT_OF_ANY_OTHER;
    return end->code <= 255 ? (int)end->code : EXIT_OF_ANY_OTHER;
}

static void child_report_end(struct cli *cli, const struct periscope_exit *end)
{
    const char *name = end->exited ? periscope_exit_name(end->code) : NULL;
    json_object_begin(&cli->reply, "child");
    json_bool(&cli->reply, "exited", end->exited);
    if (end->exited)
        json_number(&cli->reply, "code", end->code);
    else
        json_integer(&cli->reply, "signal", end->signal);
    json_number(&cli->reply, "status", end->status);
    if (name)
        json_text(&cli->reply, "name", name);
    json_object_end(&cli->reply);
    if (!end->exited)
        cli_note(cli, "the program was ended by signal %d", end->signal);
    else if (end->code > 255)
        cli_warn(cli, "the program exited with %" PRIu32 " (0x%08" PRIx32 "%s%s), reported here as %d", end->code,
                 end->code, name ? " " : "", name ? name : "", EXIT_OF_ANY_OTHER);
}

/* Returns whether an agent that has ps tells of this child that it ran when its time limit was over. */
static bool child_is_over_limit(struct cli *cli, uint64_t pid, char limit_ms[32])
{
    char option[32];
    struct periscope_strings lines;
    snprintf(option, sizeof option, "pid=%" PRIu64, pid);
    if (periscope_ps(cli->periscope, (const char *const[]){option, NULL}, &lines))
        return false;
    const char *line = lines.count ? lines.items[0] : "", *ms = strstr(line, "\tlimit-ms=");
    bool over = strstr(line, "\tlimit=reached") != NULL;
    snprintf(limit_ms, 32, "%.*s", ms ? (int)strcspn(ms + 10, "\t") : 1, ms ? ms + 10 : "?");
    periscope_strings_free(&lines);
    return over;
}

/* Says so where the guest has ended it by its time limit. Of one that has exited as it should nobody asks, unless the limit
   is this command's. */
static void child_report_limit(struct cli *cli, uint64_t pid, const struct periscope_exit *end)
{
    char limit_ms[32];
    bool limited = strcmp(cli->command->name, "run") == 0 && cli_option(cli, "limit");
    if ((end->status == 0 && !limited) || !child_is_over_limit(cli, pid, limit_ms))
        return;
    json_bool(&cli->reply, "limit", true);
    cli_warn(cli, "the program ran longer than its time limit of %.3f s", strtod(limit_ms, NULL) / 1000);
}

bool child_is_fact(const char *line)
{
    return *line < '0' || *line > '9';
}

static void child_add_array(struct cli *cli, const char *key, const struct periscope_strings *killed, bool facts)
{
    json_array_begin(&cli->reply, key);
    for (size_t i = 0; i < killed->count; i++)
        if (child_is_fact(killed->items[i]) == facts)
            json_text(&cli->reply, NULL, killed->items[i]);
    json_array_end(&cli->reply);
}

void child_report_killed(struct cli *cli, const struct periscope_strings *killed)
{
    child_add_array(cli, "killed", killed, false);
    child_add_array(cli, "restored", killed, true);
}

static void child_kill(struct cli *cli, uint64_t pid)
{
    struct periscope_strings killed;
    periscope_set_limit(cli->periscope, KILL_MS);
    if (periscope_kill(cli->periscope, pid, -1, &killed)) {
        cli_warn(cli, "could not end process %" PRIu64 ": %s", pid, periscope_error_text(cli->periscope));
        return;
    }
    child_report_killed(cli, &killed);
    for (size_t i = 0; i < killed.count; i++)
        cli_note(cli, "%s%s", child_is_fact(killed.items[i]) ? "" : "ended ", killed.items[i]);
    periscope_strings_free(&killed);
    if (!cli_option(cli, "keep"))
        periscope_forget(cli->periscope, pid);
}

int child_give_up(struct cli *cli, enum cli_exit exit_status, const char *why, const char *kill_option, uint64_t pid)
{
    if (cli_option(cli, kill_option)) {
        cli_error(cli, exit_status, "%s; ending the program", why);
        child_kill(cli, pid);
        return exit_status;
    }
    cli_error(cli, exit_status, "%s; process %" PRIu64 " keeps running", why, pid);
    cli_note(cli, "to continue waiting: periscope wait %s %" PRIu64 "; to end it: periscope kill %s %" PRIu64,
             cli->target, pid, cli->target, pid);
    return exit_status;
}

int child_waited(struct cli *cli, uint64_t pid, int status)
{
    if (status == PERISCOPE_STILL_RUNNING)
        return child_give_up(cli, CLI_TIMED_OUT, "timed out", "kill-on-timeout", pid);
    if (status == PERISCOPE_INTERRUPTED)
        return child_give_up(cli, CLI_INTERRUPTED, "interrupted", "kill-on-interrupt", pid);
    return cli_failed(cli, status);
}

int child_await(struct cli *cli, uint64_t pid, int timeout_ms, bool silent)
{
    struct periscope_exit end;
    char time[CLI_TIME_SIZE];
    int status = periscope_wait(cli->periscope, pid, timeout_ms, 0, &end);
    if (status)
        return child_waited(cli, pid, status);
    child_report_end(cli, &end);
    child_report_limit(cli, pid, &end);
    if (end.exited && end.code <= 255 && !silent)
        cli_did(cli, "%s: process %" PRIu64 " exited with %" PRIu32 ", %s", cli->target, pid, end.code,
                cli_elapsed(cli, time));
    if (!cli_option(cli, "keep") && periscope_forget(cli->periscope, pid))
        cli_note(cli, "the agent keeps the exit status of process %" PRIu64 ": %s", pid,
                 periscope_error_text(cli->periscope));
    return child_exit_status(&end);
}
