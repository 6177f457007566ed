/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A listener across exec. Only for linux/. */
#ifndef LINUX_NET_LISTENER_H
#define LINUX_NET_LISTENER_H

#include "platform/socket.h"

int listener_fd(const struct os_listener *listener);
int listener_adopt(struct os_listener **out, int fd, struct error *err); /* takes fd in any case */

#endif
