/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints the texts of --help from the tables. */
#ifndef HOST_CLI_HELP_H
#define HOST_CLI_HELP_H

#include "host/cli/cli.h"

/* Prints the help of the program as a whole. */
void help_program(void);
/* Prints the help of a verb. */
void help_command(const struct command *command);

#endif
