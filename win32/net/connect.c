/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/clock.h"
#include "win32/net/address.h"
#include "win32/net/socket.h"
#include "win32/waker.h"
#include "win32/winerror.h"

/* Waits until the attempt has ended; returns false at the deadline, or once it is cancelled. */
static bool connect_await(HANDLE happened, int64_t deadline_ms, const atomic_bool *cancel)
{
    for (;;) {
        int64_t slice = cancel ? os_deadline(OS_CANCEL_MS) : deadline_ms;
        if (wait_for(&happened, 1, slice < deadline_ms ? slice : deadline_ms) != WAIT_NONE)
            return true;
        if ((cancel && atomic_load(cancel)) || os_time_left(deadline_ms) == 0)
            return false;
    }
}

/* Connects the non-blocking socket and returns 0, or the code of the failure. */
static int connect_until(SOCKET handle, HANDLE happened, const struct sockaddr *address, int size, int64_t deadline_ms,
                         const atomic_bool *cancel)
{
    WSANETWORKEVENTS events;
    if (WSAEventSelect(handle, happened, FD_CONNECT))
        return WSAGetLastError();
    if (connect(handle, address, size) == 0)
        return 0;
    if (WSAGetLastError() != WSAEWOULDBLOCK)
        return WSAGetLastError();
    if (!connect_await(happened, deadline_ms, cancel))
        return WSAETIMEDOUT;
    if (WSAEnumNetworkEvents(handle, happened, &events))
        return WSAGetLastError();
    return events.iErrorCode[FD_CONNECT_BIT];
}

/* Returns 0 and *out, or the code of the failure. */
static int connect_one(SOCKET *out, const struct os_endpoint *to, int64_t deadline_ms, const atomic_bool *cancel)
{
    struct sockaddr_storage address;
    int size = endpoint_to_sockaddr(&address, to);
    SOCKET handle = WSASocketW(address.ss_family, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);
    if (handle == INVALID_SOCKET)
        return WSAGetLastError();
    HANDLE happened = CreateEventW(NULL, TRUE, FALSE, NULL);
    int code = happened ? connect_until(handle, happened, (const struct sockaddr *)&address, size, deadline_ms, cancel)
                        : WSAENOBUFS;
    WSAEventSelect(handle, NULL, 0); /* the socket stays non-blocking */
    if (happened)
        CloseHandle(happened);
    if (code)
        closesocket(handle);
    else
        *out = handle;
    return code;
}

int os_connect_to(struct os_socket **out, const struct os_endpoint *to, int64_t deadline_ms, const atomic_bool *cancel,
                  struct error *err)
{
    SOCKET handle = INVALID_SOCKET;
    *out = NULL;
    int code = connect_one(&handle, to, deadline_ms, cancel);
    if (code)
        return windows_error(err, (unsigned long)code, NULL);
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
