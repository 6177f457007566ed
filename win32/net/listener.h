/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A listener that goes to another process. Only for win32/. */
#ifndef WIN32_NET_LISTENER_H
#define WIN32_NET_LISTENER_H

#include "platform/endpoint.h"

#include <winsock2.h>
#include <windows.h>

/* Its sockets, in the order in which they listen. */
struct listener_shared {
    DWORD count;
    WSAPROTOCOL_INFOW sockets[OS_LISTEN_MAX];
};

int listener_share(const struct os_listener *listener, DWORD pid, struct listener_shared *shared, struct error *err);
/* Takes the listener back after it was shared with a process that did not keep it. */
void listener_take_back(const struct os_listener *listener);
int listener_adopt(struct os_listener **out, struct listener_shared *shared, struct error *err);

#endif
