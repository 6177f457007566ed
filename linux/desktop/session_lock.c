/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/desktop/session_lock.h"

#include "base/buffer.h"
#include "linux/user/login.h"
#include "platform/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SYSTEM_BUS "/run/dbus/system_bus_socket"
#define BYTES_MAX 16384u /* that are read of the answers */

#define HEADER_SIZE 16 /* bytes of a message before its fields */
enum { MESSAGE_RETURN = 2, MESSAGE_ERROR = 3 };

/* ---- what is asked ---- */

/* Two calls, as the specification has them, the numbers with the least significant byte first: Hello of the bus, and Get of
   the session's property. The header has the kind, the flags (start no service), the version, the lengths of body and
   fields, and a serial between them. Each field begins at a multiple of 8: its kind, its type and its text. */
static const char bus_hello[] = "l\1\2\1"
                                "\0\0\0\0"
                                "\1\0\0\0"
                                "\156\0\0\0"
                                "\1\1o\0"
                                "\25\0\0\0"
                                "/org/freedesktop/DBus\0"
                                "\0\0"
                                "\6\1s\0"
                                "\24\0\0\0"
                                "org.freedesktop.DBus\0"
                                "\0\0\0"
                                "\2\1s\0"
                                "\24\0\0\0"
                                "org.freedesktop.DBus\0"
                                "\0\0\0"
                                "\3\1s\0"
                                "\5\0\0\0"
                                "Hello\0"
                                "\0\0";
static const char bus_get[] = "l\1\2\1"
                              "\63\0\0\0"
                              "\2\0\0\0"; /* the fields' length follows */
static const char bus_get_fields[] = "\6\1s\0"
                                     "\26\0\0\0"
                                     "org.freedesktop.login1\0"
                                     "\0"
                                     "\2\1s\0"
                                     "\37\0\0\0"
                                     "org.freedesktop.DBus.Properties\0"
                                     "\3\1s\0"
                                     "\3\0\0\0"
                                     "Get\0"
                                     "\0\0\0\0"
                                     "\10\1g\0"
                                     "\2ss\0"
                                     "\1\1o\0"; /* the object's path follows */
static const char bus_get_body[] = "\36\0\0\0"
                                   "org.freedesktop.login1.Session\0"
                                   "\0"
                                   "\12\0\0\0"
                                   "LockedHint";

/* Writes the session's object: all but letters and digits as _HH, and a digit at the start too. */
static uint32_t bus_session_path(const char *session, char *path, size_t size)
{
    size_t len = (size_t)snprintf(path, size, "/org/freedesktop/login1/session/");
    for (const char *at = session; *at && len + 4 < size; at++) {
        bool digit = *at >= '0' && *at <= '9', letter = (*at | 32) >= 'a' && (*at | 32) <= 'z';
        bool plain = letter || (digit && at > session);
        len += (size_t)snprintf(path + len, size - len, plain ? "%c" : "_%02x", (unsigned char)*at);
    }
    return (uint32_t)len;
}

/* Appends a length below 256. */
static void bus_put_length(struct buffer *out, size_t len)
{
    buffer_append(out, (uint8_t[]){(uint8_t)len, 0, 0, 0}, 4);
}

/* Appends all that there is to say in one go, as no answer changes what follows. */
static void bus_put_question(struct buffer *out, const char *session)
{
    char path[136] = "", uid[16];
    size_t len = bus_session_path(session, path, sizeof path - 8), fields = sizeof bus_get_fields - 1 + 4 + len + 1;
    snprintf(uid, sizeof uid, "%u", (unsigned)geteuid());
    buffer_append(out, "\0AUTH EXTERNAL ", 15);
    for (const char *digit = uid; *digit; digit++)
        buffer_printf(out, "%02x", (unsigned)*digit);
    buffer_printf(out, "\r\nBEGIN\r\n");
    buffer_append(out, bus_hello, sizeof bus_hello - 1);
    buffer_append(out, bus_get, sizeof bus_get - 1);
    bus_put_length(out, fields);
    buffer_append(out, bus_get_fields, sizeof bus_get_fields - 1);
    bus_put_length(out, len);
    buffer_append(out, path, len + 1 + -(HEADER_SIZE + fields) % 8); /* zeros up to the body */
    buffer_append(out, bus_get_body, sizeof bus_get_body);
}

/* ---- what is answered ---- */

static uint32_t bus_number(const uint8_t *bytes, bool least_first)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++)
        value |= (uint32_t)bytes[i] << 8 * (least_first ? i : 3 - i);
    return value;
}

/* Reads a boolean in a variant, or the text of an error. */
static int bus_read_body(uint8_t kind, const uint8_t *body, uint32_t len, bool least_first, bool *value,
                         struct error *err)
{
    if (kind == MESSAGE_RETURN && len >= 8 && memcmp(body, "\1b", 3) == 0) {
        *value = bus_number(body + 4, least_first) != 0;
        return 0;
    }
    uint32_t text = len > 4 ? bus_number(body, least_first) : 0;
    if (kind != MESSAGE_ERROR || text == 0 || text > len - 4)
        return error_set(err, ERR_UNAVAILABLE, "the D-Bus answers what is no answer");
    return error_set(err, ERR_UNAVAILABLE, "%.*s", (int)(text > 200 ? 200 : text), (const char *)body + 4);
}

/* Parses the messages that there are: the answer to the second call is what was asked for. Returns whether it is there, or
   can't come any more; *status is what it is. */
static bool bus_parse(const uint8_t *bytes, size_t len, bool *value, int *status, struct error *err)
{
    unsigned answers = 0;
    while (len >= HEADER_SIZE) {
        bool least_first = bytes[0] == 'l';
        uint32_t body = bus_number(bytes + 4, least_first), fields = bus_number(bytes + 12, least_first);
        if (body > BYTES_MAX || fields > BYTES_MAX) {
            *status = error_set(err, ERR_UNAVAILABLE, "the D-Bus answers with %u bytes", body);
            return true;
        }
        size_t before = (HEADER_SIZE + fields + 7) / 8 * 8, size = before + body;
        if (size > len)
            return false;
        answers += bytes[1] == MESSAGE_RETURN || bytes[1] == MESSAGE_ERROR;
        if (answers == 2 || bytes[1] == MESSAGE_ERROR) {
            *status = bus_read_body(bytes[1], bytes + before, body, least_first, value, err);
            return true;
        }
        bytes += size;
        len -= size;
    }
    return false;
}

static bool bus_parse_all(const struct buffer *in, bool *value, int *status, struct error *err)
{
    const uint8_t *end = memchr(in->data, '\n', in->len);
    if (!end)
        return false;
    if (in->len < 2 || memcmp(in->data, "OK", 2) != 0) {
        *status = error_set(err, ERR_UNAVAILABLE, "the D-Bus lets us not in");
        return true;
    }
    return bus_parse(end + 1, in->len - (size_t)(end + 1 - in->data), value, status, err);
}

/* ---- the connection ---- */

static int bus_connect(const char *bus, struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && strlen(bus) < sizeof address.sun_path) {
        strcpy(address.sun_path, bus);
        if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
            return fd;
    }
    int code = errno;
    if (fd >= 0)
        close(fd);
    return error_set(err, code == ENOENT || code == ECONNREFUSED ? ERR_NOT_FOUND : ERR_UNAVAILABLE, "the D-Bus: %s",
                     strerror(code));
}

/* Reads what has come, or waits for more. */
static int bus_read_more(int fd, int64_t deadline_ms, struct buffer *in, struct error *err)
{
    uint8_t bytes[1024];
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int64_t left = os_time_left(deadline_ms);
    if (left == 0)
        return error_set(err, ERR_TIMEOUT, "the D-Bus does not answer");
    poll(&wait, 1, (int)left);
    ssize_t got = recv(fd, bytes, sizeof bytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got <= 0)
        return error_set(err, ERR_UNAVAILABLE, "the D-Bus: %s",
                         got == 0 ? "it closes the connection" : strerror(errno));
    return buffer_append(in, bytes, (size_t)got) ? 0 : error_set(err, ERR_UNAVAILABLE, "the D-Bus answers too much");
}

static int bus_talk(int fd, const char *session, int64_t deadline_ms, bool *locked, struct error *err)
{
    struct buffer out, in;
    int status = 0;
    buffer_init(&out, BYTES_MAX);
    buffer_init(&in, BYTES_MAX);
    bus_put_question(&out, session);
    /* The kernel takes so few bytes at once, on a connection that is new. */
    if (out.failed || send(fd, out.data, out.len, MSG_NOSIGNAL) != (ssize_t)out.len)
        status = error_set(err, ERR_UNAVAILABLE, "the D-Bus: %s", out.failed ? "no memory" : strerror(errno));
    for (bool done = false; status == 0 && !done;) {
        status = bus_read_more(fd, deadline_ms, &in, err);
        if (status == 0 && in.len > 0)
            done = bus_parse_all(&in, locked, &status, err);
    }
    buffer_deinit(&out);
    buffer_deinit(&in);
    return status;
}

int session_lock_ask(const char *bus, const char *session, int64_t deadline_ms, bool *locked, struct error *err)
{
    *locked = false;
    int fd = bus_connect(bus, err);
    if (fd < 0)
        return fd;
    int status = bus_talk(fd, session, deadline_ms, locked, err);
    close(fd);
    return status;
}

int os_session_locked(int64_t deadline_ms, bool *locked, struct error *err)
{
    struct login login;
    *locked = false;
    if (login_find(&login, "", err) < 0 || !login.id[0])
        return error_set(err, ERR_NOT_FOUND, "logind has no session at the screen");
    return session_lock_ask(SYSTEM_BUS, login.id, deadline_ms, locked, err);
}
