/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options that put and get share. */
#ifndef HOST_CLI_TRANSFER_H
#define HOST_CLI_TRANSFER_H

#include "host/cli/cli.h"

/* The entries of both verbs' option lists. (A formatter would treat them as blocks.) */
/* clang-format off */
#define TRANSFER_OPTIONS                                                                                               \
    {"preserve", 'p', NULL, "keep the file's permissions and the time of its last change"},                            \
    {"verify", 0, NULL, "compare the SHA-256 of both files"},                                                          \
    {"no-continue", 0, NULL, "after a broken connection send the file again from its beginning"}
#define RECURSIVE_OPTION                                                                                               \
    {"recursive", 'r', NULL, "a folder with all that is in it, with permissions and times"}
/* clang-format on */

/* Moves a tree, tells what was left out, and reports that as a failure. */
int transfer_put_tree(struct cli *cli, const char *local, const char *remote, unsigned flags);
int transfer_get_tree(struct cli *cli, const char *remote, const char *local, unsigned flags);
/* Prints each "note=" of the facts or plain note as a warning, and puts all into the reply. Returns CLI_OK, or a failure if
   something was left out. */
int transfer_notes(struct cli *cli, const struct periscope_strings *notes, uint64_t left_out);
/* Returns what the library takes for the options that were given. */
unsigned transfer_flags(const struct cli *cli);

#endif
