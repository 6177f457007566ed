/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How an agent becomes another executable without losing its port, its children or its host's trust. */
#ifndef PLATFORM_UPGRADE_H
#define PLATFORM_UPGRADE_H

#include "base/buffer.h"
#include "base/error.h"
#include "platform/socket.h"

/* Appends the path of the running executable with its NUL. */
int os_self_path(struct buffer *out, struct error *err);

/* Runs `path --check argv[1]...` for at most ten seconds. 0 when it exits with 0 and says "periscoped" first;
   ERR_INVALID with what it said otherwise. The agent only becomes what passed this. */
int os_upgrade_check(const char *path, const char *const *argv, struct error *err);

/* Becomes path with that command line plus the hidden option that hands over the listener and the state. Returns only
   on failure. */
int os_upgrade_exec(const char *path, const char *const *argv, struct os_listener *listener, struct slice state,
                    struct error *err);
/* Takes over in the new executable what os_upgrade_exec() handed over: token is that option's value. The state is a
   text of lines. */
int os_upgrade_resume(const char *token, struct os_listener **listener, struct buffer *state, struct error *err);
/* Ends the take-over: nothing of it can fail any more. */
void os_upgrade_done(void);
/* Runs the new executable once more, a few times, where it could not start and there is no other that could go on: it
   may have been for want of memory. option is what argv[1] was. Returns where that is not so. */
void os_upgrade_again(char **argv, const char *option);

/* Goes to the background: the caller's process exits with 0 once os_detach_ready is called in the one that goes on, or
   with 1 when that one ended before. */
int os_detach(struct error *err);
void os_detach_ready(void);

#endif
