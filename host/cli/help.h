/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What --help prints, all of it from the tables. */
#ifndef HOST_CLI_HELP_H
#define HOST_CLI_HELP_H

#include "host/cli/cli.h"

extern const struct command *const commands[]; /* NULL-terminated; main.c makes it from commands.def */

void help_program(void);
void help_command(const struct command *command);

#endif
