/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Virtual files, which exist only for getfile so that any old client can read them: .periscope/screenshot.png and
   others. */
#ifndef AGENT_RPC_VIRTUAL_H
#define AGENT_RPC_VIRTUAL_H

#include "agent/agent.h"

bool virtual_file_exists(const char *path);
/* Appends the content of a virtual file, generated now. The error text is the reason alone. */
int virtual_file_read(struct agent *agent, const char *path, struct buffer *out, struct error *err);

#endif
