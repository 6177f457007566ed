/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/endpoint.h"
#include "platform/address.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <stdlib.h>
#include <string.h>

#define ENDPOINTS_MAX 32 /* addresses of a name that are tried */
#define LOOK_UPS_MAX 16  /* that go on at once, those that nobody waits for any more among them */

int os_resolve(const char *name, struct os_address *out, int max, struct error *err)
{
    struct os_endpoint found[ENDPOINTS_MAX];
    int count = os_look_up(name, 0, found, max < ENDPOINTS_MAX ? max : ENDPOINTS_MAX, err);
    for (int i = 0; i < count; i++)
        out[i] = found[i].address;
    return count;
}

/* Returns until when to try an address: one that does not answer leaves half of the time to the next. */
static int64_t endpoint_deadline(bool is_last, int64_t deadline_ms)
{
    int64_t left = os_time_left(deadline_ms);
    return is_last || left == OS_FOREVER ? deadline_ms : os_deadline(left / 2);
}

/* ---- resolving with a deadline: getaddrinfo() has none, and can't be ended ---- */

struct look_up {
    struct os_endpoint found[ENDPOINTS_MAX];
    int count; /* or a status */
    uint16_t port;
    struct error err;
    struct os_waker *done;
    atomic_int users; /* the thread, and who waits for it: the last one frees it */
    char name[];
};

static atomic_int look_ups;

static void look_up_leave(struct look_up *look_up)
{
    if (atomic_fetch_sub(&look_up->users, 1) > 1)
        return;
    os_waker_free(look_up->done);
    free(look_up);
    atomic_fetch_sub(&look_ups, 1);
}

static void look_up_main(void *context)
{
    struct look_up *look_up = context;
    look_up->count = os_look_up(look_up->name, look_up->port, look_up->found, ENDPOINTS_MAX, &look_up->err);
    os_waker_set(look_up->done);
    look_up_leave(look_up);
}

static int look_up_start(struct look_up **out, const char *name, uint16_t port, struct error *err)
{
    size_t size = strlen(name) + 1;
    if (atomic_fetch_add(&look_ups, 1) >= LOOK_UPS_MAX) {
        atomic_fetch_sub(&look_ups, 1);
        return error_set(err, ERR_LIMIT, "could not resolve '%s': %d earlier look-ups have no answer yet", name,
                         LOOK_UPS_MAX);
    }
    struct look_up *look_up = calloc(1, sizeof *look_up + size);
    if (!look_up) {
        atomic_fetch_sub(&look_ups, 1);
        return error_set(err, ERR_NO_MEMORY, "no memory to resolve '%s'", name);
    }
    memcpy(look_up->name, name, size);
    look_up->port = port;
    atomic_store(&look_up->users, 2);
    int status = os_waker_new(&look_up->done, err);
    if (status == 0)
        status = os_thread_start(look_up_main, look_up, err);
    if (status) {
        look_up_leave(look_up);
        look_up_leave(look_up);
        return status;
    }
    *out = look_up;
    return 0;
}

static bool endpoint_is_cancelled(const atomic_bool *cancel)
{
    return cancel && atomic_load(cancel);
}

/* Waits for the result; returns false at the deadline, or once it is cancelled. */
static bool look_up_await(struct look_up *look_up, int64_t deadline_ms, const atomic_bool *cancel)
{
    for (;;) {
        int64_t slice = os_deadline(OS_CANCEL_MS);
        if (os_waker_wait(look_up->done, slice < deadline_ms ? slice : deadline_ms))
            return true;
        if (endpoint_is_cancelled(cancel) || os_time_left(deadline_ms) == 0)
            return false;
    }
}

/* Resolves like os_look_up, until the deadline. */
static int endpoint_look_up(const char *name, uint16_t port, struct os_endpoint found[ENDPOINTS_MAX],
                            int64_t deadline_ms, const atomic_bool *cancel, struct error *err)
{
    struct look_up *look_up = NULL;
    int count = look_up_start(&look_up, name, port, err);
    if (count)
        return count;
    if (!look_up_await(look_up, deadline_ms, cancel)) {
        count = error_set(err, ERR_TIMEOUT, "could not resolve '%s': no name server answered in time", name);
    } else {
        count = look_up->count;
        if (count < 0 && err)
            *err = look_up->err;
        memcpy(found, look_up->found, sizeof look_up->found);
    }
    look_up_leave(look_up);
    return count;
}

int os_connect(struct os_socket **out, const char *host, uint16_t port, int64_t deadline_ms, const atomic_bool *cancel,
               struct error *err)
{
    struct os_endpoint found[ENDPOINTS_MAX];
    *out = NULL;
    int count = endpoint_look_up(host, port, found, deadline_ms, cancel, err);
    if (count < 0)
        return count;
    int status = error_set(err, ERR_NOT_FOUND, "the name has no address");
    for (int i = 0; i < count && status && !endpoint_is_cancelled(cancel); i++)
        status = os_connect_to(out, &found[i], endpoint_deadline(i == count - 1, deadline_ms), cancel, err);
    return status ? error_prefix(err, status, "could not connect to %.200s port %u", host, port) : 0;
}

static int endpoint_listen_everywhere(struct os_listener **out, uint16_t port, struct error *err)
{
    static const uint8_t any_v4[4];
    struct os_endpoint endpoint = {.port = port};
    int status = os_listen_on(out, &endpoint, err);
    if (status != ERR_UNAVAILABLE)
        return status;
    os_address_set_v4(&endpoint.address, any_v4);
    return os_listen_on(out, &endpoint, err);
}

int os_listen(struct os_listener **out, const char *bind_to, uint16_t port, struct error *err)
{
    struct os_endpoint found;
    int status;
    *out = NULL;
    if (bind_to) {
        int count = os_look_up(bind_to, port, &found, 1, err);
        if (count < 0)
            return count;
        status = count ? os_listen_on(out, &found, err) : error_set(err, ERR_NOT_FOUND, "the name has no address");
    } else {
        status = endpoint_listen_everywhere(out, port, err);
    }
    if (status == 0)
        return 0;
    return error_prefix(err, status, "could not listen on %.200s port %u", bind_to ? bind_to : "any address", port);
}
