/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/client.h"

#include "base/number.h"
#include "platform/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BANNER_MINOR_MAX 999999

int client_fail(struct periscope *p, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    error_vset(&p->error, ERR_INVALID, format, args);
    va_end(args);
    return status;
}

int client_no_memory(struct periscope *p)
{
    return client_fail(p, PERISCOPE_LOCAL, "no memory");
}

/* ---- the socket, which periscope_interrupt may use at any time ---- */

static void client_set_socket(struct periscope *p, struct os_socket *socket)
{
    p->socket = socket;
    atomic_store(&p->wakeable, socket);
}

static void client_close_socket(struct periscope *p)
{
    if (!p->socket)
        return;
    /* NULL: another thread is in periscope_interrupt, which is short. A signal handler of this thread has always put
       the socket back. */
    while (!atomic_exchange(&p->wakeable, NULL))
        os_sleep_ms(1);
    os_socket_close(p->socket);
    p->socket = NULL;
}

void periscope_interrupt(struct periscope *p)
{
    atomic_store(&p->interrupted, true);
    struct os_socket *socket = atomic_exchange(&p->wakeable, NULL);
    if (!socket)
        return;
    os_socket_shutdown(socket);
    atomic_store(&p->wakeable, socket);
}

void periscope_disconnect(struct periscope *p)
{
    client_close_socket(p);
    buffered_clear(&p->input);
}

/* ---- receiving ---- */

int64_t client_deadline(const struct periscope *p, int ms)
{
    int64_t deadline = os_deadline(ms);
    return deadline < p->limit ? deadline : p->limit;
}

void client_renew_deadline(struct periscope *p, size_t got)
{
    p->renewal_len += got;
    if (p->renewal_len < CLIENT_LEAST_PROGRESS)
        return;
    p->renewal_len = 0;
    p->deadline = client_deadline(p, p->io_ms);
}

/* Looks at the clock before each receive: what never ends may come so fast that nothing is ever waited for. */
static int client_fill(void *context, void *bytes, size_t max, struct error *err)
{
    struct periscope *p = context;
    if (os_time_left(p->deadline) == 0)
        return error_set(err, ERR_TIMEOUT, "the time is over");
    return os_socket_recv(p->socket, bytes, max, p->deadline, err);
}

int client_check(struct periscope *p, const char *doing)
{
    const char *before = doing ? " while " : "";
    doing = doing ? doing : "";
    if (atomic_load(&p->interrupted))
        return client_fail(p, PERISCOPE_INTERRUPTED, "%s: interrupted%s%s", p->name, before, doing);
    if (os_time_left(p->limit) == 0)
        return client_fail(p, PERISCOPE_TIMED_OUT, "%s: the limit of %g s in total is over%s%s", p->name,
                           p->limit_ms / 1000.0, before, doing);
    return 0;
}

int client_broken(struct periscope *p, const struct error *err, const char *doing)
{
    periscope_disconnect(p);
    int status = client_check(p, doing);
    if (status)
        return status;
    switch (err->status) {
    case ERR_TIMEOUT:
        return client_fail(p, PERISCOPE_TIMED_OUT, "%s: timed out while %s", p->name, doing);
    case ERR_CLOSED:
        p->lost = true;
        return client_fail(p, PERISCOPE_NO_AGENT, "%s: the connection was closed while %s", p->name, doing);
    case ERR_SYSTEM:
        p->lost = true;
        return client_fail(p, PERISCOPE_NO_AGENT, "%s: the connection was lost while %s: %s", p->name, doing,
                           err->text);
    case ERR_NO_MEMORY:
        return client_no_memory(p);
    }
    return client_fail(p, PERISCOPE_NO_AGENT, "%s: not the testagentd protocol while %s: %s", p->name, doing,
                       err->text);
}

int client_send(struct periscope *p, const void *bytes, size_t len, bool more, const char *doing)
{
    struct error err;
    int status = client_check(p, doing);
    if (status)
        periscope_disconnect(p);
    else if (os_socket_send(p->socket, bytes, len, p->io_ms, more, &err))
        status = client_broken(p, &err, doing);
    return status;
}

/* ---- the banner ---- */

/* Parses "testagentd 1.MINOR". Nothing may follow; another major version is another protocol. */
static bool banner_parse(const char *text, unsigned *minor)
{
    static const char start[] = "testagentd 1.";
    if (strncmp(text, start, sizeof start - 1) != 0)
        return false;
    const char *digits = text + sizeof start - 1;
    uint64_t value;
    if (!number_take(&digits, BANNER_MINOR_MAX, &value) || *digits)
        return false;
    *minor = (unsigned)value;
    return true;
}

static int banner_take(struct periscope *p, enum wire_type type, char *text)
{
    if (type == WIRE_ERROR) {
        int status = client_fail(p, PERISCOPE_REFUSED, "%s", text);
        free(text);
        return status;
    }
    if (!banner_parse(text, &p->minor)) {
        int status = client_fail(p, PERISCOPE_NO_AGENT, "%s: not a testagentd: its banner is '%.200s'", p->name, text);
        free(text);
        return status;
    }
    free(p->banner);
    p->banner = text;
    return 0;
}

static int banner_read(struct periscope *p)
{
    struct error err;
    struct entry entry;
    char *text = NULL;
    /* The banner is an entry outside any list. */
    struct list_reader list = {.source = &p->input.source, .count = 1};
    int status = list_read_entry(&list, &entry, &err);
    if (status == 1 && entry.type != WIRE_STRING && entry.type != WIRE_ERROR)
        return client_fail(p, PERISCOPE_NO_AGENT, "%s: not a testagentd: it sent no banner", p->name);
    if (status == 1)
        status = list_read_text(&list, CLIENT_BANNER_MAX, &text, &err);
    if (status == 0)
        return banner_take(p, entry.type, text);
    status = client_check(p, "connecting");
    if (status)
        return status;
    if (err.status == ERR_TIMEOUT)
        return client_fail(p, PERISCOPE_NO_AGENT,
                           "%s: connected, but received no banner within %g s (testagentd serves one host at a time)",
                           p->name, p->connect_ms / 1000.0);
    if (err.status == ERR_CLOSED || err.status == ERR_SYSTEM)
        return client_fail(p, PERISCOPE_NO_AGENT, "%s: closed the connection without a banner (is this host allowed?)",
                           p->name);
    return client_fail(p, PERISCOPE_NO_AGENT, "%s: not a testagentd: %s", p->name, err.text);
}

int client_connect(struct periscope *p)
{
    struct error err;
    struct os_socket *socket;
    int status = client_check(p, NULL);
    if (status) {
        periscope_disconnect(p);
        return status;
    }
    if (p->socket)
        return 0;
    if (p->port < 1 || p->port > 65535)
        return client_fail(p, PERISCOPE_INVALID, "%u is not a port (1 to 65535)", p->port);
    p->deadline = client_deadline(p, p->connect_ms);
    status = os_connect(&socket, p->host, (uint16_t)p->port, p->deadline, &p->interrupted, &err);
    if (status) {
        int ended = client_check(p, "connecting");
        return ended ? ended
                     : client_fail(p, status == ERR_NO_MEMORY ? PERISCOPE_LOCAL : PERISCOPE_NO_AGENT, "%s", err.text);
    }
    os_socket_set_deadline(socket, p->limit);
    client_set_socket(p, socket);
    p->used = p->lacks_exec = p->lacks_ranges = p->lacks_pieces = p->system_known = false;
    /* It may have been interrupted before there was a socket to shut down. */
    status = client_check(p, NULL);
    if (!status)
        status = banner_read(p);
    if (status)
        periscope_disconnect(p);
    return status;
}

int client_pause(struct periscope *p, int ms)
{
    int64_t deadline = client_deadline(p, ms);
    while (!atomic_load(&p->interrupted) && os_time_left(deadline) > 0) {
        int64_t left = os_time_left(deadline);
        os_sleep_ms((unsigned)(left > 50 ? 50 : left));
    }
    return client_check(p, NULL);
}

bool client_progress(struct periscope *p, uint64_t done, uint64_t total, bool end)
{
    int64_t now = os_clock_ms();
    if (!p->progress || (!end && now - p->progress_ms < CLIENT_PROGRESS_MS))
        return true;
    p->progress_ms = now;
    if (p->progress(p->progress_context, done, total))
        return true;
    client_fail(p, PERISCOPE_LOCAL, "cancelled after %llu bytes", (unsigned long long)done);
    return false;
}

/* ---- the object ---- */

struct periscope *periscope_new(const char *host, unsigned port)
{
    struct periscope *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    size_t name_size = strlen(host) + 16;
    p->port = port;
    p->connect_ms = PERISCOPE_CONNECT_MS;
    p->io_ms = PERISCOPE_IO_MS;
    p->limit = OS_FOREVER;
    p->host = strdup(host);
    p->name = malloc(name_size);
    uint8_t *room = malloc(CLIENT_INPUT_SIZE);
    buffered_init(&p->input, client_fill, p, room, CLIENT_INPUT_SIZE);
    if (!p->host || !p->name || !room) {
        periscope_free(p);
        return NULL;
    }
    if (strchr(host, ':'))
        snprintf(p->name, name_size, "[%s]:%u", host, port);
    else
        snprintf(p->name, name_size, "%s:%u", host, port);
    return p;
}

void periscope_free(struct periscope *p)
{
    if (!p)
        return;
    periscope_disconnect(p);
    free(p->host);
    free(p->name);
    free(p->input.bytes);
    free(p->banner);
    free(p);
}

void periscope_set_timeouts(struct periscope *p, int connect_ms, int io_ms)
{
    p->connect_ms = connect_ms;
    p->io_ms = io_ms;
}

void periscope_set_limit(struct periscope *p, int limit_ms)
{
    p->limit_ms = limit_ms;
    p->limit = os_deadline(limit_ms);
    if (p->socket)
        os_socket_set_deadline(p->socket, p->limit);
}

const char *periscope_error_text(const struct periscope *p)
{
    return p->error.text;
}

void periscope_set_progress(struct periscope *p, periscope_progress *progress, void *context)
{
    p->progress = progress;
    p->progress_context = context;
    p->progress_ms = 0;
}
