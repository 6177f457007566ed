/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line after the verb. Pure: reports through *err, knows no environment. */
#ifndef HOST_CLI_OPTIONS_H
#define HOST_CLI_OPTIONS_H

#include "host/cli/cli.h"

#include "base/error.h"

/* Those of every verb. A verb may have one of the same name, which then stands in its place. */
extern const struct cli_option common_options[];

/* Fills cli->settings (owned by the caller: free()) and moves the operands, HOST among them, to the front of
   args, which is NULL-terminated; their number is *operand_count. Options may stand anywhere, as --name
   VALUE, --name=VALUE, -n VALUE or -nVALUE, until "--" or until a verb that runs a program has got its first
   operand after HOST. The whole line is read also when something is wrong, so that --json and --help count
   wherever they stand; ERR_INVALID is then about the first thing wrong. */
int cli_parse(struct cli *cli, char **args, size_t *operand_count, struct error *err);

#endif
