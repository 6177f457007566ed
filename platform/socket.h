/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TCP, and for a client sockets of this machine. Every socket is close-on-exec, unblocked by SIGPIPE, keep-alive and TCP_NODELAY. */
#ifndef PLATFORM_SOCKET_H
#define PLATFORM_SOCKET_H

#include "base/error.h"
#include "platform/thread.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct os_file;
struct os_socket;
struct os_listener;

struct os_address {
    uint8_t ip[16]; /* IPv6; IPv4 as ::ffff:a.b.c.d */
};
#define OS_ADDRESS_TEXT_SIZE 48
void os_address_text(const struct os_address *address, char text[OS_ADDRESS_TEXT_SIZE]);
/* Resolves a name or a numeric address to at most max addresses. Returns their number, or a negative status. Blocks. */
int os_resolve(const char *name, struct os_address *out, int max, struct error *err);

/* Listens on all addresses of a name that this machine has, at least one. bind_to NULL: on every one, IPv6 and IPv4 by one
   socket where the OS can. Port 0 picks one. */
int os_listen(struct os_listener **out, const char *bind_to, uint16_t port, struct error *err);
uint16_t os_listener_port(const struct os_listener *listener);
/* Blocks. ERR_CLOSED once after os_listener_stop, which any thread may call; ERR_TIMEOUT where os_listener_wake_every()
   was called and nothing came, or where what came waits for memory; ERR_LIMIT with a connection for which the process has no descriptor left: it is to be
   refused and closed, with *err as the reason. */
int os_accept(struct os_listener *listener, struct os_socket **out, struct os_address *peer, struct error *err);
void os_listener_stop(struct os_listener *listener);
void os_listener_wake_every(struct os_listener *listener, int interval_ms);
void os_listener_close(struct os_listener *listener); /* accepts NULL */

/* Resolves the host and connects to the first of its addresses that answers, all until the deadline. One that does not
   answer holds up the next by a quarter of a second. cancel (may be NULL): once it is true, the call fails soon. A
   resolver that does not answer keeps a thread of its own. */
int os_connect(struct os_socket **out, const char *host, uint16_t port, int64_t deadline_ms, const atomic_bool *cancel,
               struct error *err);
/* Connects to one address. The error's text is the reason alone. */
int os_connect_address(struct os_socket **out, const struct os_address *address, uint16_t port, int64_t deadline_ms,
                       struct error *err);
/* Connects to a socket in the file system (AF_UNIX). ERR_UNAVAILABLE where the system has none. */
int os_connect_local(struct os_socket **out, const char *path, int64_t deadline_ms, struct error *err);
/* From then on no call on the socket waits beyond that moment, however far its own deadline is. */
void os_socket_set_deadline(struct os_socket *socket, int64_t deadline_ms);
/* Returns 1 to max bytes: their number; 0 at the end; ERR_TIMEOUT when nothing came by the deadline. */
int os_socket_recv(struct os_socket *socket, void *bytes, size_t max, int64_t deadline_ms, struct error *err);
/* Sends all of it. ERR_TIMEOUT when the peer took nothing for stall_ms (negative: waits for ever). more: further bytes
   follow at once, so a short segment may wait for them. */
int os_socket_send(struct os_socket *socket, const void *bytes, size_t len, int stall_ms, bool more, struct error *err);
/* Sends len bytes of the file from its current position, without a copy by this process where the OS can. ERR_INVALID
   when the file turned out shorter: the stream is then broken and must be closed. */
int os_socket_send_file(struct os_socket *socket, struct os_file *file, uint64_t len, int stall_ms, struct error *err);

enum os_wait_result { OS_WAIT_WOKEN, OS_WAIT_HANGUP, OS_WAIT_TIMEOUT };
/* Blocks until the waker is set, the peer hangs up or the deadline comes. Unread data is no reason to return. */
enum os_wait_result os_socket_wait(struct os_socket *socket, struct os_waker *waker, int64_t deadline_ms);
/* Sends what the system takes at once, and keeps none of the bytes. Returns how many those are, also 0, or a negative
   status. The rest is for os_socket_send(). */
int os_socket_send_some(struct os_socket *socket, const void *bytes, size_t len, struct error *err);
/* From any thread: as if the peer sends no more. Waits end; what is received already may still be answered. */
void os_socket_end_input(struct os_socket *socket);
void os_socket_shutdown(struct os_socket *socket); /* from any thread: ends all calls on it */
/* The same, and drops what the peer has not taken: else the system keeps that, for minutes, behind os_socket_close(). */
void os_socket_abort(struct os_socket *socket);
void os_socket_close(struct os_socket *socket); /* accepts NULL */

#endif
