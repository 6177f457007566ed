/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/net/listener.h"
#include "platform/clock.h"
#include "win32/net/address.h"
#include "win32/net/socket.h"
#include "win32/waker.h"
#include "win32/winerror.h"

#include <stdlib.h>

#define BACKLOG 128
#define RETRY_MS 50 /* after accept() found no memory */

struct listening {
    SOCKET handle;
    HANDLE happened; /* a connection waits; cleared by one wait, and an accept() arms it again */
};

struct os_listener {
    struct listening sockets[OS_LISTEN_MAX];
    unsigned count, next; /* next: the one that is looked at first */
    struct os_waker *stop;
    int interval_ms; /* how long os_accept blocks at most; negative: for ever */
};

static int listener_new(struct os_listener **out, struct error *err)
{
    struct os_listener *listener = calloc(1, sizeof *listener);
    *out = NULL;
    if (!listener)
        return error_set(err, ERR_NO_MEMORY, "no memory to listen");
    listener->interval_ms = -1;
    int status = winsock_start(err);
    if (status == 0)
        status = os_waker_new(&listener->stop, err);
    if (status) {
        free(listener);
        return status;
    }
    *out = listener;
    return 0;
}

/* Closes a listener that could not be made. Returns the status. */
static int listener_done(struct os_listener **out, int status)
{
    if (status) {
        os_listener_close(*out);
        *out = NULL;
    }
    return status;
}

/* Takes the socket in any case. */
static int listener_take(struct os_listener *listener, SOCKET handle, struct error *err)
{
    HANDLE happened = CreateEventW(NULL, FALSE, FALSE, NULL);
    socket_not_inherited(handle);
    if (happened && WSAEventSelect(handle, happened, FD_ACCEPT) == 0) {
        listener->sockets[listener->count++] = (struct listening){handle, happened};
        return 0;
    }
    int status = windows_error(err, GetLastError(), "could not listen");
    if (happened)
        CloseHandle(happened);
    closesocket(handle);
    return status;
}

/* Returns the listening socket, or INVALID_SOCKET and WSAGetLastError(). On Windows SO_REUSEADDR would let others take the
   port while it is in use, and a port is free at once without it. */
static SOCKET listener_bind(int family, const struct sockaddr *address, int size)
{
    BOOL on = TRUE, off = FALSE;
    SOCKET handle = WSASocketW(family, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);
    if (handle == INVALID_SOCKET)
        return handle;
    setsockopt(handle, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, (const char *)&on, sizeof on);
    if (family == AF_INET6)
        setsockopt(handle, IPPROTO_IPV6, IPV6_V6ONLY, (const char *)&off, sizeof off);
    if (bind(handle, address, size) == 0 && listen(handle, BACKLOG) == 0)
        return handle;
    int code = WSAGetLastError();
    closesocket(handle);
    WSASetLastError(code);
    return INVALID_SOCKET;
}

int os_listener_add(struct os_listener *listener, const struct os_endpoint *on, struct error *err)
{
    struct sockaddr_storage address;
    int size = endpoint_to_sockaddr(&address, on);
    SOCKET handle = listener_bind(address.ss_family, (const struct sockaddr *)&address, size);
    if (handle != INVALID_SOCKET)
        return listener_take(listener, handle, err);
    int code = WSAGetLastError();
    int status = windows_error(err, (unsigned long)code, NULL);
    return code == WSAEAFNOSUPPORT || code == WSAEADDRNOTAVAIL ? ERR_UNAVAILABLE : status;
}

int os_listen_on(struct os_listener **out, const struct os_endpoint *on, struct error *err)
{
    int status = listener_new(out, err);
    return listener_done(out, status ? status : os_listener_add(*out, on, err));
}

uint16_t os_listener_port(const struct os_listener *listener)
{
    struct sockaddr_storage address;
    struct os_endpoint endpoint;
    int size = sizeof address;
    if (getsockname(listener->sockets[0].handle, (struct sockaddr *)&address, &size))
        return 0;
    endpoint_from_sockaddr(&endpoint, (const struct sockaddr *)&address);
    return endpoint.port;
}

/* Selects the listener's events for this process again: those of a socket that two processes share go to who asked
   last. */
void listener_take_back(const struct os_listener *listener)
{
    for (unsigned i = 0; i < listener->count; i++)
        WSAEventSelect(listener->sockets[i].handle, listener->sockets[i].happened, FD_ACCEPT);
}

/* Waits for a connection, with the sockets in turns: connections to one must not keep those to another waiting. Returns 0
   and the socket, ERR_CLOSED when stopped, ERR_TIMEOUT after the interval. */
static int wait_for_connection(struct os_listener *listener, struct listening **out, struct error *err)
{
    HANDLE handles[1 + OS_LISTEN_MAX] = {listener->stop->event};
    for (unsigned i = 0; i < listener->count; i++)
        handles[1 + i] = listener->sockets[(listener->next + i) % listener->count].happened;
    int which = wait_for(handles, 1 + listener->count, os_deadline(listener->interval_ms));
    if (which == WAIT_NONE)
        return error_set(err, ERR_TIMEOUT, "no connection came");
    if (which == 0) {
        os_waker_clear(listener->stop);
        return error_set(err, ERR_CLOSED, "stopped listening");
    }
    unsigned index = (listener->next + (unsigned)which - 1) % listener->count;
    *out = &listener->sockets[index];
    listener->next = index + 1;
    return 0;
}

/* Calls accept() once for each event. Wine 8 loses the next event, for ever, when a connection is taken while its event
   is being delivered, and the accept() that its event then leads to finds nothing: only one that succeeds arms the
   event again there. */
int os_accept(struct os_listener *listener, struct os_socket **out, struct os_address *peer, struct error *err)
{
    struct sockaddr_storage address;
    struct listening *on = NULL;
    *out = NULL;
    for (;;) {
        int size = sizeof address;
        int status = wait_for_connection(listener, &on, err);
        if (status)
            return status;
        SOCKET handle = accept(on->handle, (struct sockaddr *)&address, &size);
        if (handle != INVALID_SOCKET) {
            struct os_endpoint endpoint;
            endpoint_from_sockaddr(&endpoint, (const struct sockaddr *)&address);
            *peer = endpoint.address;
            *out = socket_from_handle(handle, err);
            return *out ? 0 : ERR_NO_MEMORY;
        }
        int code = WSAGetLastError();
        if (code == WSAENOTSOCK || code == WSAEINVAL || code == WSANOTINITIALISED)
            return windows_error(err, (unsigned long)code, "could not accept a connection");
        if (code == WSAEWOULDBLOCK)
            continue;
        if (code != WSAECONNRESET)
            os_sleep_ms(RETRY_MS);
        SetEvent(on->happened); /* others may wait behind the one that failed */
    }
}

void os_listener_stop(struct os_listener *listener)
{
    os_waker_set(listener->stop);
}

void os_listener_wake_every(struct os_listener *listener, int interval_ms)
{
    listener->interval_ms = interval_ms;
}

void os_listener_close(struct os_listener *listener)
{
    if (!listener)
        return;
    for (unsigned i = 0; i < listener->count; i++) {
        closesocket(listener->sockets[i].handle);
        CloseHandle(listener->sockets[i].happened);
    }
    os_waker_free(listener->stop);
    free(listener);
}

int listener_share(const struct os_listener *listener, DWORD pid, struct listener_shared *shared, struct error *err)
{
    for (DWORD i = 0; i < listener->count; i++)
        if (WSADuplicateSocketW(listener->sockets[i].handle, pid, &shared->sockets[i]))
            return windows_error(err, (unsigned long)WSAGetLastError(), "unable to hand over the port");
    shared->count = listener->count;
    return 0;
}

static int listener_adopt_all(struct os_listener *listener, struct listener_shared *shared, struct error *err)
{
    int status = 0;
    for (DWORD i = 0; i < shared->count && status == 0; i++) {
        SOCKET handle = WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &shared->sockets[i], 0,
                                   WSA_FLAG_OVERLAPPED);
        status = handle == INVALID_SOCKET
                     ? windows_error(err, (unsigned long)WSAGetLastError(), "unable to take over the port")
                     : listener_take(listener, handle, err);
    }
    return status;
}

int listener_adopt(struct os_listener **out, struct listener_shared *shared, struct error *err)
{
    *out = NULL;
    if (shared->count < 1 || shared->count > OS_LISTEN_MAX)
        return error_set(err, ERR_INVALID, "unable to take over the port: %lu sockets were handed over", shared->count);
    int status = listener_new(out, err);
    return listener_done(out, status ? status : listener_adopt_all(*out, shared, err));
}
