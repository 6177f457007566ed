/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which file an agent may become, or run to check it.
 *
 * Who can write that file, or change a name on the way to it, has the agent's rights. Where the programs of hosts run as
 * another user than the agent, nobody may be able to but the system's administrator; where they run as the agent's own,
 * or the agent has no more rights than any user, it makes no difference.
 */
#ifndef PLATFORM_UPGRADE_FILE_H
#define PLATFORM_UPGRADE_FILE_H

#include "base/buffer.h"
#include "base/error.h"

/* Appends the file's real path, with its NUL, on which there is no link. run_as: as for os_identity_find. ERR_DENIED with
   what others can write, and how. */
int os_upgrade_find(struct buffer *out, const char *path, const char *run_as, struct error *err);
/* The same for the folder of a file, in which a new one is to be made. The path is one without links. */
int os_upgrade_check_folder(const char *path, const char *run_as, struct error *err);

#endif
