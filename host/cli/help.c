/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/help.h"

#include "host/cli/commands.h"
#include "host/cli/options.h"
#include "host/cli/out.h"

#include <stdio.h>
#include <string.h>

#define COLUMN 29 /* where the texts of options begin, behind two spaces and one more */

static void help_print_exits(void)
{
#define X(symbol, value, name, help) out_print("  %-3d  %s\n", value, help);
    CLI_EXITS(X)
#undef X
}

void help_program(void)
{
    out_print("usage: periscope VERB [OPTION...] HOST[:PORT] [OPERAND...]\n"
              "       periscope VERB --help\n"
              "       periscope --help | --version | --completion bash|zsh|fish\n\n"
              "Controls a test guest through the agent in it, periscoped or testagentd.\n\n"
              "Verbs:\n");
    for (const struct command *const *command = commands; *command; command++)
        out_print("  %-12s %s\n", (*command)->name, (*command)->summary);
    out_print("\nHOST is a name, an IPv4 address or an IPv6 one in brackets: [::1]:9000. PERISCOPE_HOST and\n"
              "PERISCOPE_PORT are its defaults: '-' is the host of PERISCOPE_HOST, ':PORT' another port on it, and\n"
              "HOST may be omitted if no operand follows it. With --host HOST[:PORT] all operands are those after\n"
              "HOST.\n\n"
              "Exit status (run and wait: that of the program, if it ended; --json distinguishes them; test: its\n"
              "verdict, see 'periscope test --help'):\n");
    help_print_exits();
}

static void help_print_options(const struct command *command)
{
    const struct cli_option *option;
    for (size_t i = 0; (option = cli_option_at(command, i)); i++) {
        char text[80], letter[8] = "    ";
        if (option->letter)
            snprintf(letter, sizeof letter, "-%c, ", option->letter);
        snprintf(text, sizeof text, "%s--%s%s%s", letter, option->name, option->argument ? " " : "",
                 option->argument ? option->argument : "");
        out_print(strlen(text) > COLUMN ? "  %s\n  %-*s %s\n" : "  %s%-*s %s\n", text,
                  strlen(text) > COLUMN ? COLUMN : COLUMN - (int)strlen(text), "", option->help);
    }
}

void help_command(const struct command *command)
{
    out_print("usage: periscope %s [OPTION...] %s%s%s\n", command->name, command->no_guest ? "" : "HOST[:PORT]",
              *command->operands && !command->no_guest ? " " : "", command->operands);
    out_print("\n%s.\n", command->summary);
    if (command->details)
        out_print("\n%s", command->details);
    out_print("\nOptions:\n");
    help_print_options(command);
    out_print("\nExamples:\n%s", command->examples);
    out_print(command->no_guest ? "\nSee 'periscope --help' for the exit statuses.\n"
                                : "\nSee 'periscope --help' for the host, its defaults and the exit statuses.\n");
}
