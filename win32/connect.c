/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/clock.h"
#include "win32/address.h"
#include "win32/socket.h"
#include "win32/process/wait.h"
#include "win32/winerror.h"

#include <stdio.h>

/* Connects the non-blocking socket: 0, or the code of the failure. */
static int connect_until(SOCKET handle, HANDLE happened, const struct addrinfo *address, int64_t deadline_ms)
{
    WSANETWORKEVENTS events;
    if (WSAEventSelect(handle, happened, FD_CONNECT))
        return WSAGetLastError();
    if (connect(handle, address->ai_addr, (int)address->ai_addrlen) == 0)
        return 0;
    if (WSAGetLastError() != WSAEWOULDBLOCK)
        return WSAGetLastError();
    if (wait_for(&happened, 1, deadline_ms) == WAIT_NONE)
        return WSAETIMEDOUT;
    if (WSAEnumNetworkEvents(handle, happened, &events))
        return WSAGetLastError();
    return events.iErrorCode[FD_CONNECT_BIT];
}

/* 0 and *out, or the code of the failure. */
static int connect_one(SOCKET *out, const struct addrinfo *address, int64_t deadline_ms)
{
    SOCKET handle = WSASocketW(address->ai_family, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);
    if (handle == INVALID_SOCKET)
        return WSAGetLastError();
    HANDLE happened = CreateEventW(NULL, TRUE, FALSE, NULL);
    int code = happened ? connect_until(handle, happened, address, deadline_ms) : WSAENOBUFS;
    WSAEventSelect(handle, NULL, 0); /* the socket stays non-blocking */
    if (happened)
        CloseHandle(happened);
    if (code)
        closesocket(handle);
    else
        *out = handle;
    return code;
}

int os_connect(struct os_socket **out, const char *host, uint16_t port, int64_t deadline_ms, struct error *err)
{
    struct addrinfo *list;
    SOCKET handle = INVALID_SOCKET;
    int code = WSAEADDRNOTAVAIL;
    *out = NULL;
    int status = resolve(host, port, false, &list, err);
    if (status)
        return status;
    for (struct addrinfo *a = list; a && code; a = a->ai_next) {
        int64_t left = os_time_left(deadline_ms);
        /* An address that does not answer leaves half of the time to the next. */
        int64_t until = a->ai_next && left != OS_FOREVER ? os_deadline(left / 2) : deadline_ms;
        code = connect_one(&handle, a, until);
    }
    freeaddrinfo(list);
    if (code) {
        char what[300];
        snprintf(what, sizeof what, "could not connect to %.200s port %u", host, port);
        return windows_error(err, (unsigned long)code, what);
    }
    *out = socket_from_handle(handle, err);
    return *out ? 0 : ERR_NO_MEMORY;
}

int os_connect_local(struct os_socket **out, const char *path, int64_t deadline_ms, struct error *err)
{
    (void)deadline_ms;
    *out = NULL;
    return error_set(err, ERR_UNAVAILABLE, "could not connect to %.120s: on Windows only HOST:PORT can be reached",
                     path);
}
