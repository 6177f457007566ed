/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verbs. */
#ifndef HOST_CLI_COMMANDS_H
#define HOST_CLI_COMMANDS_H

#include "host/cli/cli.h"

extern const struct command *const commands[]; /* those of commands.def, then NULL */

/* Finds a verb by its name; NULL when there is none. */
const struct command *command_find(const char *name);

#endif
