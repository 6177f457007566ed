/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints what a shell completes the command line with, from the tables of --help. */
#ifndef HOST_CLI_COMPLETION_H
#define HOST_CLI_COMPLETION_H

#include <stdbool.h>

/* Prints the script for bash, zsh or fish on standard output. Returns false for any other shell, with nothing printed. */
bool completion_print(const char *shell);

#endif
