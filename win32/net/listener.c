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

struct os_listener {
    SOCKET handle;
    HANDLE happened; /* a connection waits; cleared by one wait, and an accept() arms it again */
    struct os_waker *stop;
    int interval_ms; /* how long os_accept blocks at most; negative: for ever */
};

/* Takes the socket in any case. */
static int listener_from_handle(struct os_listener **out, SOCKET handle, struct error *err)
{
    struct os_listener *listener = calloc(1, sizeof *listener);
    *out = NULL;
    if (!listener) {
        closesocket(handle);
        return error_set(err, ERR_NO_MEMORY, "no memory to listen");
    }
    listener->handle = handle;
    listener->interval_ms = -1;
    socket_not_inherited(handle);
    listener->happened = CreateEventW(NULL, FALSE, FALSE, NULL);
    int status = os_waker_new(&listener->stop, err);
    if (status == 0 && (!listener->happened || WSAEventSelect(handle, listener->happened, FD_ACCEPT)))
        status = windows_error(err, GetLastError(), "could not listen");
    if (status) {
        os_listener_close(listener);
        return status;
    }
    *out = listener;
    return 0;
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

int os_listen_on(struct os_listener **out, const struct os_endpoint *on, struct error *err)
{
    struct sockaddr_storage address;
    int size = endpoint_to_sockaddr(&address, on);
    *out = NULL;
    int status = winsock_start(err);
    if (status)
        return status;
    SOCKET handle = listener_bind(address.ss_family, (const struct sockaddr *)&address, size);
    if (handle != INVALID_SOCKET)
        return listener_from_handle(out, handle, err);
    int code = WSAGetLastError();
    status = windows_error(err, (unsigned long)code, NULL);
    return code == WSAEAFNOSUPPORT || code == WSAEADDRNOTAVAIL ? ERR_UNAVAILABLE : status;
}

uint16_t os_listener_port(const struct os_listener *listener)
{
    struct sockaddr_storage address;
    struct os_endpoint endpoint;
    int size = sizeof address;
    if (getsockname(listener->handle, (struct sockaddr *)&address, &size))
        return 0;
    endpoint_from_sockaddr(&endpoint, (const struct sockaddr *)&address);
    return endpoint.port;
}

/* Selects the listener's events for this process again: those of a socket that two processes share go to who asked
   last. */
void listener_take_back(const struct os_listener *listener)
{
    WSAEventSelect(listener->handle, listener->happened, FD_ACCEPT);
}

/* Calls accept() once for each event. Wine 8 loses the next event, for ever, when a connection is taken while its event
   is being delivered, and the accept() that its event then leads to finds nothing: only one that succeeds arms the
   event again there. */
int os_accept(struct os_listener *listener, struct os_socket **out, struct os_address *peer, struct error *err)
{
    struct sockaddr_storage address;
    HANDLE handles[] = {listener->stop->event, listener->happened};
    *out = NULL;
    for (;;) {
        int size = sizeof address;
        int which = wait_for(handles, 2, os_deadline(listener->interval_ms));
        if (which == WAIT_NONE)
            return error_set(err, ERR_TIMEOUT, "no connection came");
        if (which == 0) {
            os_waker_clear(listener->stop);
            return error_set(err, ERR_CLOSED, "stopped listening");
        }
        SOCKET handle = accept(listener->handle, (struct sockaddr *)&address, &size);
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
        SetEvent(listener->happened); /* others may wait behind the one that failed */
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
    closesocket(listener->handle);
    if (listener->happened)
        CloseHandle(listener->happened);
    os_waker_free(listener->stop);
    free(listener);
}

int listener_share(const struct os_listener *listener, DWORD pid, WSAPROTOCOL_INFOW *info, struct error *err)
{
    if (WSADuplicateSocketW(listener->handle, pid, info) == 0)
        return 0;
    return windows_error(err, (unsigned long)WSAGetLastError(), "unable to hand over the port");
}

int listener_adopt(struct os_listener **out, WSAPROTOCOL_INFOW *info, struct error *err)
{
    *out = NULL;
    int status = winsock_start(err);
    if (status)
        return status;
    SOCKET handle =
        WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, info, 0, WSA_FLAG_OVERLAPPED);
    if (handle == INVALID_SOCKET)
        return windows_error(err, (unsigned long)WSAGetLastError(), "unable to take over the port");
    return listener_from_handle(out, handle, err);
}
