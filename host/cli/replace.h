/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a verb's new file takes from the one whose name it gets. */
#ifndef HOST_CLI_REPLACE_H
#define HOST_CLI_REPLACE_H

#include "host/cli/cli.h"
#include "platform/file.h"

#define REPLACE_OPTION "force", 0, NULL, "replace a local file that is read-only, too"

/* Looks at the file that is to be replaced, if there is one. Returns CLI_OK, or the exit status of a reported error: it
   is read-only, and --force was not given. */
int replace_begin(struct cli *cli, const char *file, struct os_file_facts *old);
/* Warns of what the new file has not kept of it. */
void replace_end(struct cli *cli, const char *file, const struct os_file_facts *old);

#endif
