/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/qmp.h"

#include "base/number.h"
#include "host/common/json.h"
#include "host/common/json_read.h"
#include "picture/ppm.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/scratch.h"
#include "platform/socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)IMAGE_PIXELS_MAX * 3 + 1024) /* bytes: the largest picture */
#define VERSION_SIZE 40
#define MESSAGES_MAX 10000 /* events that may precede an answer */

struct qmp {
    struct os_socket *socket; /* owned */
    char *name;               /* owned: the address, for messages */
    struct buffer line;       /* owned: received data; the first line_len bytes are the last message */
    size_t line_len;
    char version[VERSION_SIZE];
    unsigned last_id;
};

/* ---- lines ---- */

static int qmp_connect(struct qmp *qmp, const char *address, int64_t deadline_ms, struct error *err)
{
    const char *colon = strrchr(address, ':');
    char host[256];
    uint64_t port;
    if (strchr(address, '/'))
        return os_connect_local(&qmp->socket, address, deadline_ms, err);
    const char *digits = colon ? colon + 1 : "";
    if (!colon || (size_t)(colon - address) >= sizeof host || !number_take(&digits, 65535, &port) || *digits || !port)
        return error_set(err, ERR_INVALID, "'%.200s' is neither a socket's path, with a '/' in it, nor HOST:PORT",
                         address);
    snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
    return os_connect(&qmp->socket, host, (uint16_t)port, deadline_ms, NULL, err);
}

/* Reads the next line to the beginning of qmp->line. */
static int qmp_read_line(struct qmp *qmp, int64_t deadline_ms, struct error *err)
{
    struct buffer *line = &qmp->line;
    size_t seen = 0;
    if (qmp->line_len > 0)
        memmove(line->data, line->data + qmp->line_len, line->len - qmp->line_len);
    line->len -= qmp->line_len;
    qmp->line_len = 0;
    for (;;) {
        const uint8_t *end = line->len > seen ? memchr(line->data + seen, '\n', line->len - seen) : NULL;
        if (end) {
            qmp->line_len = (size_t)(end - line->data) + 1;
            return 0;
        }
        seen = line->len;
        uint8_t *room = buffer_extend(line, 4096);
        if (!room)
            return error_set(err, ERR_LIMIT, "a message has more than %u bytes", QMP_LINE_MAX);
        int got = os_socket_recv(qmp->socket, room, 4096, deadline_ms, err);
        line->len = seen + (got > 0 ? (size_t)got : 0);
        if (got == 0)
            return error_set(err, ERR_CLOSED, "it closed the connection");
        if (got < 0)
            return got;
    }
}

static int qmp_read_message(struct qmp *qmp, int64_t deadline_ms, struct json_value *message, struct error *err)
{
    int status = qmp_read_line(qmp, deadline_ms, err);
    if (status)
        return status;
    if (!json_parse(message, (const char *)qmp->line.data, qmp->line_len))
        return error_set(err, ERR_PROTOCOL, "its message is not JSON");
    return 0;
}

/* ---- commands ---- */

static bool qmp_has_id(const struct json_value *message, unsigned id)
{
    struct json_value value;
    char text[16];
    int len = snprintf(text, sizeof text, "%u", id);
    return json_member(message, "id", &value) && value.len == (size_t)len && memcmp(value.text, text, value.len) == 0;
}

/* Sets the error from the description that QEMU gives. */
static int qmp_read_error(const struct json_value *error, struct error *err)
{
    struct json_value text;
    struct buffer description;
    buffer_init(&description, ERROR_TEXT_SIZE);
    json_member(error, "desc", &text);
    int status = json_string(&text, &description)
                     ? error_set(err, ERR_UNAVAILABLE, "%.*s", (int)description.len, (const char *)description.data)
                     : error_set(err, ERR_UNAVAILABLE, "it refused without a reason");
    buffer_deinit(&description);
    return status;
}

/* Reads the answer to the last command, skipping events before it. */
static int qmp_read_answer(struct qmp *qmp, int64_t deadline_ms, struct error *err)
{
    struct json_value message, value;
    for (int i = 0; i < MESSAGES_MAX; i++) {
        int status = qmp_read_message(qmp, deadline_ms, &message, err);
        if (status)
            return status;
        if (json_member(&message, "error", &value))
            return qmp_read_error(&value, err);
        if (json_member(&message, "return", &value) && qmp_has_id(&message, qmp->last_id))
            return 0;
    }
    return error_set(err, ERR_PROTOCOL, "it sent %d messages, and none was the answer", MESSAGES_MAX);
}

static void qmp_command_begin(struct qmp *qmp, struct json *json, const char *name)
{
    json_init(json);
    json_object_begin(json, NULL);
    json_text(json, "execute", name);
    json_number(json, "id", ++qmp->last_id);
}

/* Completes the command, sends it, and reads the answer. */
static int qmp_command_end(struct qmp *qmp, struct json *json, struct error *err)
{
    json_object_end(json);
    buffer_append(&json->out, "\n", 1);
    int status = json->out.failed
                     ? error_set(err, ERR_NO_MEMORY, "no memory for a command")
                     : os_socket_send(qmp->socket, json->out.data, json->out.len, QMP_TIMEOUT_MS, false, err);
    json_deinit(json);
    return status ? status : qmp_read_answer(qmp, os_deadline(QMP_TIMEOUT_MS), err);
}

/* Puts the address of QEMU before the reason of a failure. */
static int qmp_prefix(const struct qmp *qmp, int status, struct error *err)
{
    return status ? error_prefix(err, status, "QEMU at %s", qmp->name) : 0;
}

/* ---- connecting ---- */

static unsigned qmp_version_part(const struct json_value *version, const char *name)
{
    struct json_value value;
    uint64_t number;
    const char *text = json_member(version, name, &value) ? value.text : "";
    return number_take(&text, 9999, &number) ? (unsigned)number : 0;
}

static int qmp_greet(struct qmp *qmp, struct error *err)
{
    struct json_value message, greeting, version, parts;
    struct json json;
    int status = qmp_read_message(qmp, os_deadline(QMP_TIMEOUT_MS), &message, err);
    if (status == ERR_TIMEOUT)
        return error_set(err, status, "it sent no greeting within %d s; another client may use this monitor",
                         QMP_TIMEOUT_MS / 1000);
    if (status)
        return status;
    if (!json_member(&message, "QMP", &greeting))
        return error_set(err, ERR_PROTOCOL, "its greeting is not that of QEMU's monitor");
    json_member(&greeting, "version", &version);
    json_member(&version, "qemu", &parts);
    snprintf(qmp->version, sizeof qmp->version, "%u.%u.%u", qmp_version_part(&parts, "major"),
             qmp_version_part(&parts, "minor"), qmp_version_part(&parts, "micro"));
    qmp_command_begin(qmp, &json, "qmp_capabilities");
    return qmp_command_end(qmp, &json, err);
}

int qmp_open(struct qmp **out, const char *address, struct error *err)
{
    struct qmp *qmp = calloc(1, sizeof *qmp);
    *out = NULL;
    if (!qmp)
        return error_set(err, ERR_NO_MEMORY, "no memory to ask QEMU");
    buffer_init(&qmp->line, QMP_LINE_MAX);
    qmp->name = strdup(address);
    int status = qmp->name ? qmp_connect(qmp, address, os_deadline(QMP_TIMEOUT_MS), err)
                           : error_set(err, ERR_NO_MEMORY, "no memory to ask QEMU");
    if (status == 0)
        status = qmp_prefix(qmp, qmp_greet(qmp, err), err);
    if (status) {
        qmp_close(qmp);
        return status;
    }
    *out = qmp;
    return 0;
}

void qmp_close(struct qmp *qmp)
{
    if (!qmp)
        return;
    os_socket_close(qmp->socket);
    buffer_deinit(&qmp->line);
    free(qmp->name);
    free(qmp);
}

const char *qmp_version(const struct qmp *qmp)
{
    return qmp->version;
}

/* ---- events ---- */

static bool qmp_is_event(const struct json_value *message, const char *const *events)
{
    struct json_value value;
    struct buffer name;
    bool found = false;
    if (!json_member(message, "event", &value))
        return false;
    buffer_init(&name, 256);
    if (json_string(&value, &name) && buffer_append(&name, "", 1))
        for (; *events && !found; events++)
            found = strcmp((const char *)name.data, *events) == 0;
    buffer_deinit(&name);
    return found;
}

int qmp_await_event(struct qmp *qmp, const char *const *events, int64_t deadline_ms, struct error *err)
{
    struct json_value message;
    for (;;) {
        int status = qmp_read_message(qmp, deadline_ms, &message, err);
        if (status)
            return qmp_prefix(qmp, status, err);
        if (qmp_is_event(&message, events))
            return 0;
    }
}

/* ---- a picture ---- */

static int qmp_take_picture(const char *path, struct qmp_picture *out, struct error *err)
{
    struct buffer file;
    buffer_init(&file, FILE_MAX);
    int status = os_file_read_whole(path, &file, err);
    if (status == 0 && file.len == 0)
        status = error_set(err, ERR_UNAVAILABLE, "it is empty: does QEMU run on this machine?");
    if (status == 0 && ppm_decode(&out->image, file.data, file.len, err))
        status = ERR_PROTOCOL; /* not our caller's mistake */
    if (status == 0)
        out->file = file.data;
    else
        buffer_deinit(&file);
    return status ? error_prefix(err, status, "the picture that it should have written to %s", path) : 0;
}

static int qmp_dump_to(struct qmp *qmp, const struct qmp_screen *screen, const char *path, struct error *err)
{
    struct json json;
    qmp_command_begin(qmp, &json, "screendump");
    json_object_begin(&json, "arguments");
    json_text(&json, "filename", path);
    if (screen->device) {
        json_text(&json, "device", screen->device);
        json_number(&json, "head", screen->head);
    }
    json_object_end(&json);
    return qmp_command_end(qmp, &json, err);
}

int qmp_screendump(struct qmp *qmp, const struct qmp_screen *screen, struct qmp_picture *out, struct error *err)
{
    char *path;
    *out = (struct qmp_picture){0};
    int status = os_scratch_make(&path, err);
    if (status)
        return status;
    status = qmp_dump_to(qmp, screen, path, err);
    if (status)
        error_prefix(err, status, "screendump");
    else
        status = qmp_take_picture(path, out, err);
    os_scratch_remove(path);
    return qmp_prefix(qmp, status, err);
}
