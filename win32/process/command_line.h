/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arguments become one command line that a program takes apart into the same arguments: by CommandLineToArgvW or a C
   start-up code, or by cmd.exe for a batch file. Text alone, UTF-8. */
#ifndef WIN32_PROCESS_COMMAND_LINE_H
#define WIN32_PROCESS_COMMAND_LINE_H

#include "base/buffer.h"

#define COMMAND_LINE_MAX 32767      /* UTF-16 units with the NUL: Windows' own bound */
#define COMMAND_LINE_BATCH_MAX 8192 /* the same of cmd.exe, which cuts what is longer */

/* Builds a command line with its NUL. The program's name is always in quotes, as in testagentd, the arguments where
   they must be. */
void command_line_build(struct buffer *out, const char *const *argv);

bool command_line_is_batch(const char *program); /* by its name: .bat or .cmd, in any case */
/* Builds the command line of a shell that runs the script (a full path). Returns false when an argument can't be passed
   through the shell, which interprets quotes, percent signs and line ends even within quotes. argv[0] is not used. */
bool command_line_build_batch(struct buffer *out, const char *script, const char *const *argv);

#endif
