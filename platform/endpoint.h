/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What platform/endpoint.c needs of a system to resolve, to connect and to listen. Only for platform/, linux/ and
   win32/. */
#ifndef PLATFORM_ENDPOINT_H
#define PLATFORM_ENDPOINT_H

#include "platform/socket.h"

struct os_endpoint {
    struct os_address address;
    uint32_t scope; /* of a link-local IPv6 address: the interface; else 0 */
    uint16_t port;
};

/* Finds what a name stands for, in the order in which to try: at most max endpoints. Returns their number, 0 among them,
   or a negative status. The scope and the address are the system's; the port is the caller's. */
int os_look_up(const char *name, uint16_t port, struct os_endpoint *out, int max, struct error *err);
/* Connects to one. The error's text is the reason alone. cancel: as for os_connect; looked at every OS_CANCEL_MS. */
#define OS_CANCEL_MS 50
int os_connect_to(struct os_socket **out, const struct os_endpoint *to, int64_t deadline_ms, const atomic_bool *cancel,
                  struct error *err);
/* Listens on one, and on the address :: on every address of both families where the system can. ERR_UNAVAILABLE where it
   has no such family or address. The error's text is the reason alone. */
int os_listen_on(struct os_listener **out, const struct os_endpoint *on, struct error *err);

#endif
