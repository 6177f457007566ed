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

/* An attempt to connect to one, beside others. */
struct os_attempt;
#define OS_CANCEL_MS 50 /* how often who waits for one looks whether it is still wanted */
/* Starts one. The error's text is the reason alone, here and below. */
int os_attempt_start(struct os_attempt **out, const struct os_endpoint *to, struct error *err);
/* Waits until one of them may have ended (NULL: there is none), or until the deadline. */
void os_attempts_await(struct os_attempt *const *attempts, int count, int64_t deadline_ms);
/* Returns 1 with the connection, after which the attempt is only to be freed; 0 while it goes on; or why it has failed. */
int os_attempt_result(struct os_attempt *attempt, struct os_socket **out, struct error *err);
void os_attempt_free(struct os_attempt *attempt); /* accepts NULL; ends one that goes on */

/* Listens on one, and on the address :: on every address of both families where the system can. ERR_UNAVAILABLE where it
   has no such family or address. The error's text is the reason alone. */
int os_listen_on(struct os_listener **out, const struct os_endpoint *on, struct error *err);
/* Listens on a further one, OS_LISTEN_MAX in all. A failure changes nothing. */
#define OS_LISTEN_MAX 8
int os_listener_add(struct os_listener *listener, const struct os_endpoint *on, struct error *err);

#endif
