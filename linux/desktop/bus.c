/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/desktop/bus.h"

#include "base/buffer.h"
#include "platform/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BYTES_MAX 16384u /* of one message, and of what is said before the first */
#define HEADER_SIZE 16   /* bytes of a message before its fields */
#define NO_AUTO_START 2  /* a flag of a call */

enum { MESSAGE_CALL = 1, MESSAGE_RETURN, MESSAGE_ERROR };
enum { FIELD_PATH = 1, FIELD_INTERFACE, FIELD_MEMBER, FIELD_ERROR_NAME, FIELD_DESTINATION = 6, FIELD_SIGNATURE = 8 };

struct bus {
    int fd;
    int64_t deadline_ms;
    uint8_t message[BYTES_MAX]; /* the last one */
    uint32_t fields_len, body_len;
    uint32_t serial;
};

/* ---- what is said ---- */

static void bus_put_u32(struct buffer *out, uint32_t value)
{
    buffer_append(
        out, (uint8_t[]){(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16), (uint8_t)(value >> 24)}, 4);
}

static void bus_align(struct buffer *out, size_t to)
{
    static const uint8_t zeros[8] = {0};
    buffer_append(out, zeros, (to - out->len % to) % to);
}

/* Appends a field: its kind, its type, and its text; the length of a signature has one byte. */
static void bus_put_field(struct buffer *out, uint8_t kind, char type, const char *text)
{
    bus_align(out, 8);
    buffer_append(out, (uint8_t[]){kind, 1, (uint8_t)type, 0}, 4);
    if (type == 'g')
        buffer_append(out, (uint8_t[]){(uint8_t)strlen(text)}, 1);
    else
        bus_put_u32(out, (uint32_t)strlen(text));
    buffer_append(out, text, strlen(text) + 1);
}

static void bus_put_call(struct buffer *out, const struct bus_call *call, uint32_t serial)
{
    struct buffer fields;
    buffer_init(&fields, BYTES_MAX);
    bus_put_field(&fields, FIELD_PATH, 'o', call->path);
    bus_put_field(&fields, FIELD_DESTINATION, 's', call->destination);
    bus_put_field(&fields, FIELD_INTERFACE, 's', call->interface);
    bus_put_field(&fields, FIELD_MEMBER, 's', call->member);
    if (*call->signature)
        bus_put_field(&fields, FIELD_SIGNATURE, 'g', call->signature);
    buffer_append(out, (uint8_t[]){'l', MESSAGE_CALL, call->starts_nothing ? NO_AUTO_START : 0, 1}, 4);
    bus_put_u32(out, (uint32_t)call->body_len);
    bus_put_u32(out, serial);
    bus_put_u32(out, (uint32_t)fields.len);
    buffer_append(out, fields.data, fields.len);
    bus_align(out, 8);
    buffer_append(out, call->body, call->body_len);
    out->failed |= fields.failed;
    buffer_deinit(&fields);
}

static int bus_send(struct bus *bus, const struct buffer *out, struct error *err)
{
    /* The kernel takes so few bytes at once, on a connection that is new. */
    if (!out->failed && send(bus->fd, out->data, out->len, MSG_NOSIGNAL) == (ssize_t)out->len)
        return 0;
    return error_set(err, ERR_UNAVAILABLE, "the D-Bus: %s", out->failed ? "no memory" : strerror(errno));
}

static int bus_send_call(struct bus *bus, const struct bus_call *call, struct error *err)
{
    struct buffer out;
    buffer_init(&out, BYTES_MAX);
    bus_put_call(&out, call, ++bus->serial);
    int status = bus_send(bus, &out, err);
    buffer_deinit(&out);
    return status;
}

/* ---- what is answered ---- */

static int bus_receive(struct bus *bus, uint8_t *to, size_t len, struct error *err)
{
    while (len > 0) {
        struct pollfd wait = {.fd = bus->fd, .events = POLLIN};
        int64_t left = os_time_left(bus->deadline_ms);
        if (left == 0)
            return error_set(err, ERR_TIMEOUT, "the D-Bus does not answer");
        poll(&wait, 1, left > INT_MAX ? INT_MAX : (int)left);
        ssize_t got = recv(bus->fd, to, len, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (got <= 0)
            return error_set(err, ERR_UNAVAILABLE, "the D-Bus: %s",
                             got == 0 ? "it closes the connection" : strerror(errno));
        to += got;
        len -= (size_t)got;
    }
    return 0;
}

static uint32_t bus_number(const uint8_t *bytes, bool least_first)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++)
        value |= (uint32_t)bytes[i] << 8 * (least_first ? i : 3 - i);
    return value;
}

/* Reads "OK ...", or why we are not let in. */
static int bus_receive_line(struct bus *bus, struct error *err)
{
    char line[256] = "";
    for (size_t len = 0; len + 1 < sizeof line; len++) {
        int status = bus_receive(bus, (uint8_t *)line + len, 1, err);
        if (status)
            return status;
        if (line[len] == '\n')
            break;
    }
    return strncmp(line, "OK", 2) == 0 ? 0 : error_set(err, ERR_DENIED, "the D-Bus lets us not in");
}

static int bus_receive_message(struct bus *bus, struct error *err)
{
    int status = bus_receive(bus, bus->message, HEADER_SIZE, err);
    if (status)
        return status;
    bool least_first = bus->message[0] == 'l';
    bus->body_len = bus_number(bus->message + 4, least_first);
    uint32_t fields = bus_number(bus->message + 12, least_first);
    if (fields > BYTES_MAX / 2 || bus->body_len > BYTES_MAX / 2 - HEADER_SIZE)
        return error_set(err, ERR_UNAVAILABLE, "the D-Bus answers with %u bytes", bus->body_len);
    bus->fields_len = (fields + 7) / 8 * 8;
    return bus_receive(bus, bus->message + HEADER_SIZE, (size_t)bus->fields_len + bus->body_len, err);
}

/* Returns whether the last message's header has the text. */
static bool bus_header_has(const struct bus *bus, const char *text)
{
    return memmem(bus->message + HEADER_SIZE, bus->fields_len, text, strlen(text)) != NULL;
}

/* Sets the error from the text that an error message begins its body with. */
static int bus_read_error(const struct bus *bus, struct error *err)
{
    const uint8_t *body = bus->message + HEADER_SIZE + bus->fields_len;
    uint32_t len = bus->body_len > 4 ? bus_number(body, bus->message[0] == 'l') : 0;
    bool denied = bus_header_has(bus, "AccessDenied") || bus_header_has(bus, "InteractiveAuthorizationRequired");
    if (len == 0 || len > bus->body_len - 4)
        return error_set(err, ERR_UNAVAILABLE, "the D-Bus answers with an error without a text");
    return error_set(err, denied ? ERR_DENIED : ERR_UNAVAILABLE, "%.*s", (int)(len > 200 ? 200 : len),
                     (const char *)body + 4);
}

/* Waits for the return of the last call. Signals may come before it. */
static int bus_await_return(struct bus *bus, struct error *err)
{
    for (;;) {
        int status = bus_receive_message(bus, err);
        if (status)
            return status;
        if (bus->message[1] == MESSAGE_RETURN)
            return 0;
        if (bus->message[1] == MESSAGE_ERROR)
            return bus_read_error(bus, err);
    }
}

/* ---- a call ---- */

static int bus_connect_to(const char *path, struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int code = ENAMETOOLONG, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && strlen(path) < sizeof address.sun_path) {
        strcpy(address.sun_path, path);
        if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
            return fd;
        code = errno;
    } else if (fd < 0) {
        code = errno;
    }
    if (fd >= 0)
        close(fd);
    return error_set(err, code == ENOENT || code == ECONNREFUSED ? ERR_NOT_FOUND : ERR_UNAVAILABLE, "the D-Bus: %s",
                     strerror(code));
}

static const struct bus_call bus_hello = {.destination = "org.freedesktop.DBus",
                                          .path = "/org/freedesktop/DBus",
                                          .interface = "org.freedesktop.DBus",
                                          .member = "Hello",
                                          .signature = ""};

static int bus_begin(struct bus *bus, struct error *err)
{
    struct buffer out;
    char uid[16];
    snprintf(uid, sizeof uid, "%u", (unsigned)geteuid());
    buffer_init(&out, BYTES_MAX);
    buffer_append(&out, "\0AUTH EXTERNAL ", 15);
    for (const char *digit = uid; *digit; digit++)
        buffer_printf(&out, "%02x", (unsigned)*digit);
    buffer_printf(&out, "\r\n");
    int status = bus_send(bus, &out, err);
    if (status == 0)
        status = bus_receive_line(bus, err);
    buffer_clear(&out);
    buffer_printf(&out, "BEGIN\r\n");
    if (status == 0)
        status = bus_send(bus, &out, err);
    buffer_deinit(&out);
    if (status == 0)
        status = bus_send_call(bus, &bus_hello, err);
    return status ? status : bus_await_return(bus, err);
}

int bus_listen(const char *path, const char *rule, int64_t deadline_ms, struct error *err)
{
    struct bus bus = {.deadline_ms = deadline_ms};
    struct buffer body;
    buffer_init(&body, BYTES_MAX / 4);
    bus_put_u32(&body, (uint32_t)strlen(rule));
    buffer_append(&body, rule, strlen(rule) + 1);
    struct bus_call add = bus_hello;
    add.member = "AddMatch";
    add.signature = "s";
    add.body = body.data;
    add.body_len = body.len;
    bus.fd = bus_connect_to(path, err);
    int status = bus.fd < 0 ? bus.fd : bus_begin(&bus, err);
    if (status == 0)
        status = bus_send_call(&bus, &add, err);
    if (status == 0)
        status = bus_await_return(&bus, err);
    buffer_deinit(&body);
    if (status && bus.fd >= 0)
        close(bus.fd);
    return status ? status : bus.fd;
}

/* Makes the call; its return is then the last message. */
static int bus_make_call(struct bus *bus, const char *path, const struct bus_call *call, struct error *err)
{
    bus->fd = bus_connect_to(path, err);
    if (bus->fd < 0)
        return bus->fd;
    int status = bus_begin(bus, err);
    if (status == 0)
        status = bus_send_call(bus, call, err);
    if (status == 0)
        status = bus_await_return(bus, err);
    close(bus->fd);
    return status;
}

int bus_call(const char *path, const struct bus_call *call, int64_t deadline_ms, struct error *err)
{
    struct bus bus = {.deadline_ms = deadline_ms};
    return bus_make_call(&bus, path, call, err);
}

int bus_ask(const char *path, const struct bus_call *call, int64_t deadline_ms, bool *value, struct error *err)
{
    struct bus bus = {.deadline_ms = deadline_ms};
    int status = bus_make_call(&bus, path, call, err);
    const uint8_t *body = bus.message + HEADER_SIZE + bus.fields_len;
    if (status)
        return status;
    if (bus.body_len < 8 || memcmp(body, "\1b", 3) != 0)
        return error_set(err, ERR_UNAVAILABLE, "the D-Bus answers what is no boolean");
    *value = bus_number(body + 4, bus.message[0] == 'l') != 0;
    return 0;
}
