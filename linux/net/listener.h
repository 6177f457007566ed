/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A listener across exec. Only for linux/. */
#ifndef LINUX_NET_LISTENER_H
#define LINUX_NET_LISTENER_H

#include "platform/endpoint.h"

/* Returns the number of its descriptors. */
int listener_fds(const struct os_listener *listener, int fds[OS_LISTEN_MAX]);
/* Takes the descriptors in any case. */
int listener_adopt(struct os_listener **out, const int *fds, int count, struct error *err);

#endif
