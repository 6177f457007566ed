/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the verbs that type and click share. */
#ifndef HOST_CLI_HANDS_H
#define HOST_CLI_HANDS_H

#include "host/cli/cli.h"

/* Has the guest do the actions. Returns the exit status, after having reported a failure. */
int hands_send(struct cli *cli, const struct strlist *actions);

#endif
