/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/commands.h"

#include <string.h>

#define COMMAND(symbol) extern const struct command command_##symbol;
#include "host/cli/commands.def"
#undef COMMAND

const struct command *const commands[] = {
#define COMMAND(symbol) &command_##symbol,
#include "host/cli/commands.def"
#undef COMMAND
    NULL,
};

const struct command *command_find(const char *name)
{
    for (const struct command *const *command = commands; *command; command++)
        if (strcmp((*command)->name, name) == 0)
            return *command;
    return NULL;
}
