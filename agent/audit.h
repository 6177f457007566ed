/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --audit: whether the machine's settings are a test machine's. */
#ifndef AGENT_AUDIT_H
#define AGENT_AUDIT_H

#include "agent/options.h"
#include "platform/identity.h"

/* Prints a line for each setting; the process's exit status. */
int audit_command(const struct options *options);
/* The property audit.failed, where there are such settings. user: whose own ones count too; NULL: nobody's. */
void audit_add_property(const struct os_identity *user, struct strlist *facts);

#endif
