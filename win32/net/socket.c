/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/transfer.h"
#include "platform/clock.h"
#include "win32/file/file.h"
#include "win32/net/socket.h"
#include "win32/system.h"
#include "win32/waker.h"
#include "win32/winerror.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define KEEPALIVE_IDLE_MS 30000
#define KEEPALIVE_INTERVAL_MS 3000 /* ten probes, whose number can't be set: a vanished host is noticed in a minute */
#define SEND_STEP (64u * 1024u)    /* bytes of one send: how often it is seen that the peer takes some */
#define KEPT_MAX (256u * 1024u)    /* bytes that os_socket_send_some() takes at once */

/* <mstcpip.h> of mingw lacks the second. */
#define IOCTL_KEEPALIVE _WSAIOW(IOC_VENDOR, 4)
#define IOCTL_ACK_FREQUENCY _WSAIOW(IOC_VENDOR, 23)

struct keepalive {
    ULONG on, idle_ms, interval_ms;
};

/* A send is overlapped: Wine 10 takes all that send() is given, however little the peer takes, goes on behind it, and then
   keeps the connection whatever is done to it. While one is pending, the bytes of the caller are in use: until the next
   try or a wait that ended without it. What os_socket_send_some() was given is copied. */
struct os_socket {
    SOCKET handle;       /* non-blocking */
    int64_t deadline_ms; /* of all waits */
    HANDLE happened;     /* set once for each kind of event; asking for it again arms it again */
    HANDLE ended;        /* set by os_socket_end_input and os_socket_shutdown, for ever */
    OVERLAPPED sending;  /* hEvent is set when it is done */
    bool is_sending;     /* of the one thread that sends */
    uint8_t *kept;       /* owned: the copy; NULL: none was needed yet */
    size_t kept_len, kept_at;
    atomic_bool hung_up; /* the peer's end was seen, which Winsock reports only once */
};

static void set_io_option(SOCKET handle, DWORD option, void *value, DWORD size)
{
    DWORD got;
    (void)WSAIoctl(handle, option, value, size, NULL, 0, &got, NULL, NULL);
}

static void set_options(SOCKET handle)
{
    BOOL on = TRUE;
    ULONG frequency = 1; /* the peer writes field by field and waits for each acknowledgement */
    struct keepalive keepalive = {1, KEEPALIVE_IDLE_MS, KEEPALIVE_INTERVAL_MS};
    setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, (const char *)&on, sizeof on);
    set_io_option(handle, IOCTL_KEEPALIVE, &keepalive, sizeof keepalive);
    set_io_option(handle, IOCTL_ACK_FREQUENCY, &frequency, sizeof frequency);
}

void socket_not_inherited(SOCKET handle)
{
    SetHandleInformation((HANDLE)handle, HANDLE_FLAG_INHERIT, 0);
}

struct os_socket *socket_from_handle(SOCKET handle, struct error *err)
{
    struct os_socket *s = calloc(1, sizeof *s);
    if (!s) {
        closesocket(handle);
        error_set(err, ERR_NO_MEMORY, "no memory for a connection");
        return NULL;
    }
    s->handle = handle;
    s->deadline_ms = OS_FOREVER;
    s->happened = CreateEventW(NULL, FALSE, FALSE, NULL);
    s->ended = CreateEventW(NULL, TRUE, FALSE, NULL);
    s->sending.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    socket_not_inherited(handle);
    set_options(handle);
    if (s->happened && s->ended && s->sending.hEvent &&
        WSAEventSelect(handle, s->happened, FD_READ | FD_WRITE | FD_CLOSE) == 0)
        return s;
    windows_error(err, GetLastError(), "could not take a connection");
    os_socket_close(s);
    return NULL;
}

SOCKET socket_handle(const struct os_socket *s)
{
    return s->handle;
}

static bool was_shut_down(struct os_socket *s)
{
    return WaitForSingleObject(s->ended, 0) == WAIT_OBJECT_0;
}

int os_socket_try_recv(struct os_socket *s, void *bytes, size_t max, struct error *err)
{
    if (was_shut_down(s))
        return error_set(err, ERR_CLOSED, "could not receive: the connection was ended here");
    int got = recv(s->handle, bytes, (int)max, 0);
    if (got >= 0)
        return got;
    int code = WSAGetLastError();
    return code == WSAEWOULDBLOCK ? OS_WOULD_BLOCK : windows_error(err, (unsigned long)code, "could not receive");
}

static int send_failed(struct os_socket *s, int code, struct error *err)
{
    if (was_shut_down(s))
        return error_set(err, ERR_CLOSED, "could not send: the connection was ended here");
    return windows_error(err, (unsigned long)code, "could not send");
}

/* Returns what became of the pending send. */
static int send_result(struct os_socket *s, bool wait, struct error *err)
{
    DWORD sent, flags;
    BOOL done = WSAGetOverlappedResult(s->handle, &s->sending, &sent, wait, &flags);
    int code = done ? 0 : WSAGetLastError();
    if (code == WSA_IO_INCOMPLETE)
        return OS_WOULD_BLOCK;
    s->is_sending = false;
    return done ? (int)sent : send_failed(s, code, err);
}

/* Ends the pending send, so that its bytes are the caller's again: the thread that began it calls this. */
static void send_cancel(struct os_socket *s)
{
    struct error ignored;
    CancelIo((HANDLE)s->handle);
    (void)send_result(s, true, &ignored);
}

static int send_go_on(struct os_socket *s, struct error *err)
{
    if (!was_shut_down(s))
        return send_result(s, false, err);
    send_cancel(s);
    return send_failed(s, 0, err);
}

/* Begins a send, or goes on with the one that is pending. */
static int send_step(struct os_socket *s, const void *bytes, size_t len, struct error *err)
{
    if (s->is_sending)
        return send_go_on(s, err);
    WSABUF piece = {.len = (ULONG)len, .buf = (char *)(uintptr_t)bytes};
    DWORD sent;
    if (WSASend(s->handle, &piece, 1, &sent, 0, &s->sending, NULL) == 0)
        return (int)sent;
    int code = WSAGetLastError();
    s->is_sending = code == WSA_IO_PENDING;
    if (code == WSAEWOULDBLOCK && !was_shut_down(s)) /* the system has no room to keep it */
        return OS_WOULD_BLOCK;
    return s->is_sending ? send_go_on(s, err) : send_failed(s, code, err);
}

/* Goes on with what is kept. Returns 0 when all of it has been sent, OS_WOULD_BLOCK, or a negative status. */
static int send_kept(struct os_socket *s, struct error *err)
{
    while (s->kept_at < s->kept_len) {
        int sent = send_step(s, s->kept + s->kept_at, s->kept_len - s->kept_at, err);
        if (sent < 0)
            return sent;
        s->kept_at += (size_t)sent;
    }
    return 0;
}

int os_socket_try_send(struct os_socket *s, const void *bytes, size_t len, bool more, struct error *err)
{
    (void)more; /* Winsock has no such flag */
    int status = send_kept(s, err);
    return status ? status : send_step(s, bytes, len < SEND_STEP ? len : SEND_STEP, err);
}

int os_socket_send_some(struct os_socket *s, const void *bytes, size_t len, struct error *err)
{
    int status = send_kept(s, err);
    if (status)
        return status == OS_WOULD_BLOCK ? 0 : status;
    if (!s->kept && !(s->kept = malloc(KEPT_MAX)))
        return 0;
    s->kept_len = len < KEPT_MAX ? len : KEPT_MAX;
    s->kept_at = 0;
    memcpy(s->kept, bytes, s->kept_len);
    status = send_kept(s, err);
    return status && status != OS_WOULD_BLOCK ? status : (int)s->kept_len;
}

static int send_file_piece(struct os_socket *s, struct os_file *file, size_t max, int *got, struct error *err)
{
    int status = send_kept(s, err);
    if (status)
        return status;
    if (s->is_sending)
        return send_go_on(s, err);
    if (!file->bytes && !(file->bytes = malloc(SEND_STEP)))
        return error_set(err, ERR_NO_MEMORY, "no memory to send a file");
    *got = os_file_read(file, file->bytes, max < SEND_STEP ? max : SEND_STEP, err);
    if (*got < 0)
        return error_prefix(err, ERR_INVALID, "the file could not be read while it was sent");
    return *got > 0 ? os_socket_try_send(s, file->bytes, (size_t)*got, true, err) : 0;
}

/* Sends without TransmitFile: a Windows that is no server sends two files at once by it, and lets the next client wait. */
int os_socket_try_send_file(struct os_socket *s, struct os_file *file, size_t max, struct error *err)
{
    int got = 0;
    int sent = send_file_piece(s, file, max, &got, err);
    LARGE_INTEGER unsent = {.QuadPart = (sent > 0 ? sent : 0) - (got > 0 ? got : 0)};
    if (unsent.QuadPart && !SetFilePointerEx(file->handle, unsent, NULL, FILE_CURRENT))
        return windows_error(err, GetLastError(), "could not go to the next piece of the file that is sent");
    return sent;
}

/* Waits until something may have changed since the last try. */
bool os_socket_await(struct os_socket *s, enum os_socket_event event, int64_t deadline_ms)
{
    bool sending = event == OS_SOCKET_WRITABLE && s->is_sending;
    HANDLE handles[] = {s->ended, sending ? s->sending.hEvent : s->happened};
    if (wait_for(handles, 2, deadline_ms < s->deadline_ms ? deadline_ms : s->deadline_ms) != WAIT_NONE)
        return true;
    if (sending)
        send_cancel(s);
    return false;
}

void os_socket_set_deadline(struct os_socket *s, int64_t deadline_ms)
{
    s->deadline_ms = deadline_ms;
}

/* Takes what has happened. What there is to read or write stays so, and is tried before it is waited for. */
static void look_for_hangup(struct os_socket *s)
{
    WSANETWORKEVENTS events;
    if (WSAEnumNetworkEvents(s->handle, NULL, &events) == SOCKET_ERROR || (events.lNetworkEvents & FD_CLOSE))
        atomic_store(&s->hung_up, true);
}

enum os_wait_result os_socket_wait(struct os_socket *s, struct os_waker *waker, int64_t deadline_ms)
{
    HANDLE handles[] = {waker->event, s->ended, s->happened};
    for (;;) {
        look_for_hangup(s);
        if (WaitForSingleObject(waker->event, 0) == WAIT_OBJECT_0)
            return OS_WAIT_WOKEN;
        if (atomic_load(&s->hung_up))
            return OS_WAIT_HANGUP;
        switch (wait_for(handles, 3, deadline_ms)) {
        case WAIT_NONE:
            return OS_WAIT_TIMEOUT;
        case 1:
            return OS_WAIT_HANGUP;
        }
    }
}

void os_socket_end_input(struct os_socket *s)
{
    SetEvent(s->ended); /* of a reply goes out what Winsock takes at once */
}

void os_socket_shutdown(struct os_socket *s)
{
    SetEvent(s->ended);
    shutdown(s->handle, SD_BOTH);
}

void os_socket_abort(struct os_socket *s)
{
    const struct linger drop = {.l_onoff = 1};
    setsockopt(s->handle, SOL_SOCKET, SO_LINGER, (const char *)&drop, sizeof drop);
    os_socket_shutdown(s);
}

void os_socket_close(struct os_socket *s)
{
    if (!s)
        return;
    if (s->is_sending)
        send_cancel(s);
    closesocket(s->handle);
    if (s->happened)
        CloseHandle(s->happened);
    if (s->ended)
        CloseHandle(s->ended);
    if (s->sending.hEvent)
        CloseHandle(s->sending.hEvent);
    free(s->kept);
    free(s);
}
