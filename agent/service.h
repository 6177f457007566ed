/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --install, --uninstall and --status: the agent as a service of the system. */
#ifndef AGENT_SERVICE_H
#define AGENT_SERVICE_H

#include "agent/options.h"

#define SERVICE_EXIT_STOPPED 3 /* of --status: installed, but not running */
#define SERVICE_EXIT_NONE 4    /* of --status: not installed */

/* Does what the options command and returns the process's exit status. */
int service_command(const struct options *options);

#endif
