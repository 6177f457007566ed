/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --audit: checks that the machine has the settings of a test machine. */
#ifndef AGENT_AUDIT_H
#define AGENT_AUDIT_H

#include "agent/options.h"
#include "platform/identity.h"

/* Prints a line for each setting and returns the process's exit status. */
int audit_command(const struct options *options);
/* Adds the property audit.failed, where the system has such settings. user: whose own settings count too; NULL:
   nobody's. */
void audit_add_property(const struct os_identity *user, struct strlist *facts);

#endif
