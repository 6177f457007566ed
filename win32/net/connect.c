/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/net/address.h"
#include "win32/net/socket.h"
#include "win32/waker.h"
#include "win32/winerror.h"

#include <stdlib.h>

struct os_attempt {
    SOCKET handle;   /* non-blocking; INVALID_SOCKET: it has become a connection */
    HANDLE happened; /* owned; set once it has ended */
};

static int attempt_begin(struct os_attempt *attempt, const struct os_endpoint *to)
{
    struct sockaddr_storage address;
    int size = endpoint_to_sockaddr(&address, to);
    attempt->happened = CreateEventW(NULL, TRUE, FALSE, NULL);
    attempt->handle = WSASocketW(address.ss_family, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);
    if (attempt->handle == INVALID_SOCKET)
        return WSAGetLastError();
    if (!attempt->happened)
        return WSAENOBUFS;
    if (WSAEventSelect(attempt->handle, attempt->happened, FD_CONNECT))
        return WSAGetLastError();
    if (connect(attempt->handle, (const struct sockaddr *)&address, size) == 0)
        SetEvent(attempt->happened);
    else if (WSAGetLastError() != WSAEWOULDBLOCK)
        return WSAGetLastError();
    return 0;
}

int os_attempt_start(struct os_attempt **out, const struct os_endpoint *to, struct error *err)
{
    *out = malloc(sizeof **out);
    if (!*out)
        return error_set(err, ERR_NO_MEMORY, "no memory to connect");
    int code = attempt_begin(*out, to);
    if (code == 0)
        return 0;
    os_attempt_free(*out);
    *out = NULL;
    return windows_error(err, (unsigned long)code, NULL);
}

void os_attempts_await(struct os_attempt *const *attempts, int count, int64_t deadline_ms)
{
    HANDLE handles[MAXIMUM_WAIT_OBJECTS];
    unsigned used = 0;
    for (int i = 0; i < count && used < MAXIMUM_WAIT_OBJECTS; i++)
        if (attempts[i])
            handles[used++] = attempts[i]->happened;
    if (used)
        wait_for(handles, used, deadline_ms);
}

int os_attempt_result(struct os_attempt *attempt, struct os_socket **out, struct error *err)
{
    WSANETWORKEVENTS events;
    if (WaitForSingleObject(attempt->happened, 0) != WAIT_OBJECT_0)
        return 0;
    if (WSAEnumNetworkEvents(attempt->handle, attempt->happened, &events))
        return windows_error(err, (unsigned long)WSAGetLastError(), NULL);
    if (events.iErrorCode[FD_CONNECT_BIT])
        return windows_error(err, (unsigned long)events.iErrorCode[FD_CONNECT_BIT], NULL);
    WSAEventSelect(attempt->handle, NULL, 0); /* the socket stays non-blocking */
    *out = socket_from_handle(attempt->handle, err);
    attempt->handle = INVALID_SOCKET;
    return *out ? 1 : ERR_NO_MEMORY;
}

void os_attempt_free(struct os_attempt *attempt)
{
    if (!attempt)
        return;
    if (attempt->handle != INVALID_SOCKET)
        closesocket(attempt->handle);
    if (attempt->happened)
        CloseHandle(attempt->happened);
    free(attempt);
}

int os_connect_local(struct os_socket **out, const char *path, int64_t deadline_ms, struct error *err)
{
    (void)deadline_ms;
    *out = NULL;
    return error_set(err, ERR_UNAVAILABLE, "could not connect to %.120s: on Windows only HOST:PORT can be reached",
                     path);
}
