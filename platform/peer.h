/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose program is at the other end of a connection, if it runs on this machine. */
#ifndef PLATFORM_PEER_H
#define PLATFORM_PEER_H

#include "platform/socket.h"

enum os_peer_kind {
    OS_PEER_REMOTE, /* of another machine */
    OS_PEER_TRUSTED, /* root's or the agent's own user's; on Windows SYSTEM's, an administrator's or the agent's user's */
    OS_PEER_OTHER    /* any other user's */
};

struct os_peer {
    enum os_peer_kind kind;
    char owner[160]; /* in words: "uid 1000"; empty for a remote one */
};

/* Finds the owner of a connection's other end. That is of this machine if its socket is, or its address. Fails where the
   owner of such a connection can't be found: it may be anybody. Asks the system alone: no name service, no other
   process. */
int os_peer_find(const struct os_socket *socket, struct os_peer *out, struct error *err);

#endif
