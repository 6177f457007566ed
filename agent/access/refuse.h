/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The refusal of a client that is not served. */
#ifndef AGENT_ACCESS_REFUSE_H
#define AGENT_ACCESS_REFUSE_H

#include "platform/socket.h"

/* Sends `why` (up to 200 bytes) as an `e` entry where the banner would be, closes the socket, and logs that once with the
   peer's address. Never blocks, and needs no memory, thread or descriptor. */
void refuse_client(struct os_socket *socket, const char *peer_text, const char *why);

#endif
