/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An X server as the worker finds it, for the process that is to capture it: who owns it, and what that process can't look
 * up itself with the owner's rights.
 */
#ifndef CAPTURE_X11_SERVER_TARGET_H
#define CAPTURE_X11_SERVER_TARGET_H

#include "capture/apart/rights.h"
#include "capture/x11/server/authority.h"

#include <limits.h>
#include <stdint.h>

/* Sent as it is. */
struct x11_target {
    struct x11_server server;   /* without its authority */
    char authority[PATH_MAX];   /* the file of its option -auth; "": none */
    struct x11_cookies cookies; /* that the worker read, to be tried first */
    char cookies_from[256];     /* their file; or what stands for several */
    uint64_t cards;             /* that the server has open */
    bool reads_files;           /* the process looks for authority files with its own rights */
    bool shares_ipc;            /* the server is in our IPC namespace */
};

/* Completes a target for a server that was found. The agent's own authority file is read, and root's files for root's own
   server: nothing that another user names. Reasons against files are added to `reasons`. */
void x11_target_fill(struct x11_target *target, const struct x11_server *server,
                     const struct x11_environment *environment, struct buffer *reasons);

/* Decides as whom the server is captured: as its owner; as nobody where root owns it. Without root's rights the process
   stays what the worker is. */
void x11_target_rights(const struct x11_server *server, struct apart_rights *rights);

#endif
