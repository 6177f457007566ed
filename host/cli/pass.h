/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program in the guest as if it ran here: its outputs are the command's, and the command's input is its. */
#ifndef HOST_CLI_PASS_H
#define HOST_CLI_PASS_H

#include "host/cli/cli.h"

/* Passes standard input on to the program's stream in, from now on until pass_input_end(). */
void pass_input_begin(struct cli *cli, uint64_t pid);
void pass_input_end(struct cli *cli); /* does nothing where none has begun */
/* Passes on those of a program's outputs that it was started with (PERISCOPE_STREAM_...), until they end. Returns what
   periscope_follow() does; PERISCOPE_LOCAL, with *why, when an output of the command's takes no more. */
int pass_outputs(struct cli *cli, uint64_t pid, unsigned streams, int timeout_ms, struct error *why);

#endif
