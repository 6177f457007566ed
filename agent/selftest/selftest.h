/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --selftest: the agent tries what it can do on this machine. */
#ifndef AGENT_SELFTEST_SELFTEST_H
#define AGENT_SELFTEST_SELFTEST_H

#include "agent/options.h"
#include "agent/worker/pool.h"
#include "base/findings.h"

/* Prints a line for each thing that was tried, writes the lines to the report that the options name, and returns the
   process's exit status. */
int selftest_command(const struct options *options);

/* The hidden argument of the child programs, which are the executable itself. */
#define SELFTEST_CHILD "--selftest-child"
int selftest_child(int argc, char **argv); /* argv[0] is the child's task; returns the process's exit status */

/* ---- its parts, each of which adds its findings ---- */

void selftest_files(struct findings *findings, const char *folder);
void selftest_programs(struct findings *findings, struct worker_pool *workers);
void selftest_screen(struct findings *findings, struct worker_pool *workers);

#endif
