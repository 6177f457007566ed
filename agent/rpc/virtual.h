/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Virtual files, which exist only for getfile so that any old client can read them: .periscope/screenshot.png and
   others. */
#ifndef AGENT_RPC_VIRTUAL_H
#define AGENT_RPC_VIRTUAL_H

#include "agent/agent.h"

/* Finds the part of a path below .periscope/ in the working folder, "log.txt" for "./.periscope/log.txt"; owned by the
   caller. NULL when the path leads elsewhere. That folder is the agent's: no file that somebody has put there is ever
   read, written or removed for a host, whether there is a virtual file of the name or not. */
int virtual_file_name(char **name, const char *path, struct error *err);
/* Refuses a path below that folder; 0 for any other. */
int virtual_file_keep_out(const char *path, struct error *err);
bool virtual_file_exists(const char *name);
/* Appends the content of a virtual file, generated now. ERR_NOT_FOUND when there is none, ERR_CLOSED when the client
   (borrowed) has left meanwhile. The error text is the reason alone. */
int virtual_file_read(struct agent *agent, struct os_socket *client, const char *name, struct buffer *out,
                      struct error *err);

#endif
