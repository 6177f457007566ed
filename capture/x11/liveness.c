/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/liveness.h"

#include "platform/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SETUP_REQUEST_SIZE 12
#define SETUP_ANSWER_SIZE 8
#define MESSAGE_SIZE 32 /* a reply without data, an event, an error */
#define GET_INPUT_FOCUS 43
#define PROTOCOL_MAJOR 11

static int x11_poll_timeout(int64_t deadline_ms)
{
    int64_t left = os_time_left(deadline_ms);
    return left > INT_MAX ? INT_MAX : (int)left;
}

/* Limits the time of connect(2), which blocks while the server's listen queue is full. */
static void x11_limit_connect(int fd, int64_t deadline_ms)
{
    int left = x11_poll_timeout(deadline_ms);
    struct timeval limit = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 + 1};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

/* Connects to the abstract socket, else to the one in /tmp: the same order as Xlib's. */
static int x11_connect_socket(int fd, unsigned number)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int len = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "/tmp/.X11-unix/X%u", number);
    socklen_t abstract_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
    if (connect(fd, (struct sockaddr *)&address, abstract_size) == 0)
        return 0;
    if (errno != ECONNREFUSED)
        return -1;
    memmove(address.sun_path, address.sun_path + 1, (size_t)len + 1);
    return connect(fd, (struct sockaddr *)&address, sizeof address);
}

enum x11_answer x11_liveness_connect(struct x11_liveness *liveness, unsigned number, int64_t deadline_ms, char *reason,
                                     size_t reason_size)
{
    *liveness = (struct x11_liveness){.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), .uid = (uid_t)-1};
    int result = -1;
    if (liveness->fd >= 0) {
        x11_limit_connect(liveness->fd, deadline_ms);
        result = x11_connect_socket(liveness->fd, number);
    }
    if (result != 0) {
        bool silent = errno == EAGAIN || errno == EINPROGRESS;
        snprintf(reason, reason_size, "%s", silent ? "it does not accept connections" : strerror(errno));
        x11_liveness_close(liveness);
        return silent ? X11_SILENT : X11_GONE;
    }
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(liveness->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0) {
        liveness->pid = peer.pid;
        liveness->uid = peer.uid;
    }
    return X11_ANSWERED;
}

void x11_liveness_close(struct x11_liveness *liveness)
{
    if (liveness->fd >= 0)
        close(liveness->fd);
    liveness->fd = -1;
}

/* Receives exactly `len` bytes. */
static enum x11_answer x11_receive(struct x11_liveness *liveness, void *bytes, size_t len, int64_t deadline_ms)
{
    uint8_t *to = bytes;
    while (len > 0) {
        struct pollfd ready = {.fd = liveness->fd, .events = POLLIN};
        int count = poll(&ready, 1, x11_poll_timeout(deadline_ms));
        if (count == 0)
            return X11_SILENT;
        ssize_t got = count > 0 ? recv(liveness->fd, to, len, MSG_DONTWAIT) : -1;
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got <= 0)
            return X11_GONE;
        to += got;
        len -= (size_t)got;
    }
    return X11_ANSWERED;
}

/* Sends `len` bytes without blocking. They are far fewer than a socket's buffer has, which is only full when the server
   has read nothing for long. */
static enum x11_answer x11_send(struct x11_liveness *liveness, const void *bytes, size_t len)
{
    ssize_t sent = send(liveness->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent == (ssize_t)len)
        return X11_ANSWERED;
    return sent < 0 && errno == EAGAIN ? X11_SILENT : X11_GONE;
}

static void x11_append_padded(struct buffer *out, const void *bytes, size_t len)
{
    buffer_append(out, bytes, len);
    buffer_append(out, (uint8_t[3]){0}, (4 - len % 4) % 4);
}

static enum x11_answer x11_send_setup(struct x11_liveness *liveness, const char *method, struct slice cookie)
{
    uint16_t one = 1;
    uint8_t order = *(uint8_t *)&one ? 'l' : 'B'; /* the numbers that follow are in our own order */
    uint16_t head[SETUP_REQUEST_SIZE / 2] = {0, PROTOCOL_MAJOR, 0, (uint16_t)strlen(method), (uint16_t)cookie.len, 0};
    memcpy(head, &order, 1);
    struct buffer out;
    buffer_init(&out, 4096);
    buffer_append(&out, head, sizeof head);
    x11_append_padded(&out, method, strlen(method));
    x11_append_padded(&out, cookie.data, cookie.len);
    enum x11_answer answer = out.failed ? X11_GONE : x11_send(liveness, out.data, out.len);
    buffer_deinit(&out);
    return answer;
}

/* Receives the rest of the setup answer. Its first line is kept as text. */
static enum x11_answer x11_receive_rest(struct x11_liveness *liveness, size_t len, int64_t deadline_ms, char *text,
                                        size_t size)
{
    uint8_t chunk[4096];
    size_t kept = 0;
    while (len > 0) {
        size_t part = len < sizeof chunk ? len : sizeof chunk;
        enum x11_answer answer = x11_receive(liveness, chunk, part, deadline_ms);
        if (answer != X11_ANSWERED)
            return answer;
        for (size_t i = 0; i < part && kept + 1 < size; i++)
            text[kept++] = (char)chunk[i];
        len -= part;
    }
    text[kept] = 0;
    text[strcspn(text, "\n")] = 0;
    return X11_ANSWERED;
}

enum x11_answer x11_liveness_setup(struct x11_liveness *liveness, const char *method, struct slice cookie,
                                   int64_t deadline_ms, char *reason, size_t reason_size)
{
    uint8_t head[SETUP_ANSWER_SIZE] = {0};
    char text[UINT8_MAX + 1] = "";
    if (cookie.len == 0)
        method = "";
    enum x11_answer answer = x11_send_setup(liveness, method, cookie);
    if (answer == X11_ANSWERED)
        answer = x11_receive(liveness, head, sizeof head, deadline_ms);
    if (answer == X11_ANSWERED) {
        uint16_t words; /* of 4 bytes, that follow */
        memcpy(&words, head + 6, sizeof words);
        answer = x11_receive_rest(liveness, (size_t)words * 4, deadline_ms, text, sizeof text);
    }
    if (answer == X11_ANSWERED && head[0] != 1) {
        if (head[0] == 0)
            text[head[1]] = 0; /* the reason's length; the rest is padding */
        snprintf(reason, reason_size, "%s", text[0] ? text : "refused without a reason");
        return X11_REFUSED;
    }
    if (answer == X11_GONE)
        snprintf(reason, reason_size, "it closed the connection");
    else if (answer == X11_SILENT)
        snprintf(reason, reason_size, "it does not answer");
    return answer;
}

enum x11_answer x11_liveness_ping(struct x11_liveness *liveness, int64_t deadline_ms)
{
    uint16_t request[2] = {0, 1}; /* its length in 4 bytes */
    uint8_t message[MESSAGE_SIZE];
    uint16_t sequence;
    memcpy(request, (uint8_t[]){GET_INPUT_FOCUS}, 1);
    enum x11_answer answer = x11_send(liveness, request, sizeof request);
    if (answer != X11_ANSWERED)
        return answer;
    liveness->sequence++;
    do { /* skip replies to pings that timed out, and events that every client gets */
        answer = x11_receive(liveness, message, sizeof message, deadline_ms);
        if (answer != X11_ANSWERED)
            return answer;
        memcpy(&sequence, message + 2, sizeof sequence);
    } while (message[0] != 1 || sequence != liveness->sequence);
    return X11_ANSWERED;
}
