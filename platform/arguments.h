/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command lines as lists. For platform/, linux/ and win32/. */
#ifndef PLATFORM_ARGUMENTS_H
#define PLATFORM_ARGUMENTS_H

/* Returns name, option, argv[1]... as a new array of borrowed strings, or NULL without memory. */
const char **os_arguments_with(const char *name, const char *option, const char *const *argv);

#endif
