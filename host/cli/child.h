/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `run` and `wait` share: waiting for a program in the guest and exiting with its status. */
#ifndef HOST_CLI_CHILD_H
#define HOST_CLI_CHILD_H

#include "host/cli/away.h"
#include "host/cli/cli.h"

/* Returns the exit status that represents the child's end: its code if that fits, 128 + N for signal N, else 255. */
int child_exit_status(const struct periscope_exit *end);

/* Waits as --keep and the two --kill-on- options say, and returns the verb's exit status. silent: no line tells of a
   success. Needs cli_catch_interrupt before. */
int child_await(struct cli *cli, uint64_t pid, int timeout_ms, bool silent);
/* Does what these options say where a call for the program has failed, and returns the verb's exit status. */
int child_waited(struct cli *cli, uint64_t pid, int status);
/* Reports that the program is waited for no longer, and ends it if that option is given. */
int child_give_up(struct cli *cli, enum cli_exit exit_status, const char *why, const char *kill_option, uint64_t pid);

/* The entries of both verbs' option lists for child_await. (A formatter would treat them as blocks.) */
/* clang-format off */
#define CHILD_OPTIONS                                                                                                  \
    {"timeout", 't', "SECONDS", "the longest wait (no limit); the program then keeps running"},                        \
    AWAY_OPTION,                                                                                                       \
    {"keep", 'k', NULL, "let the agent keep the exit status for further requests"},                                    \
    {"kill-on-timeout", 0, NULL, "after the time-out, end the program and all its descendants"},                       \
    {"kill-on-interrupt", 0, NULL, "on Ctrl-C, end the program and all its descendants"}
/* clang-format on */

/* Returns whether a line of periscope_kill is a fact about the screen, not a process. */
bool child_is_fact(const char *line);
/* Adds "killed" and "restored" to the reply. */
void child_report_killed(struct cli *cli, const struct periscope_strings *killed);

#endif
