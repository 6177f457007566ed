/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parses the command line after the verb. Pure: reports through *err, reads no environment. */
#ifndef HOST_CLI_OPTIONS_H
#define HOST_CLI_OPTIONS_H

#include "host/cli/cli.h"

#include "base/error.h"

/* The options of every verb. A verb's own option of the same name replaces the common one. */
extern const struct cli_option common_options[];

/* Returns the option of a verb with this index, its own ones first, then the common ones; NULL behind the last. */
const struct cli_option *cli_option_at(const struct command *command, size_t index);

/* Fills cli->settings (owned by the caller: free()) and moves the operands, including HOST, to the front of args, which
   is NULL-terminated; their number is *operand_count. Options may stand anywhere, as --name VALUE, --name=VALUE, -n
   VALUE or -nVALUE, up to "--" or, for a verb that runs a program, up to the first operand after HOST. After an error
   the rest of the line is still parsed, so that --json and --help take effect wherever they stand; ERR_INVALID then
   describes the first error. */
int cli_parse(struct cli *cli, char **args, size_t *operand_count, struct error *err);

#endif
