/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/address.h"
#include "platform/clock.h"
#include "platform/endpoint.h"
#include "platform/thread.h"

#include <stdlib.h>
#include <string.h>

#define ENDPOINTS_MAX 32     /* addresses of a name that are tried */
#define LOOK_UPS_MAX 16      /* that go on at once, those that nobody waits for any more among them */
#define PLACE_STEP_MS 10     /* how often who waits for the end of another look-up tries again */
#define ATTEMPT_DELAY_MS 250 /* what RFC 8305 recommends */

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

static bool endpoint_is_cancelled(const atomic_bool *cancel)
{
    return cancel && atomic_load(cancel);
}

/* Waits until a look-up may begin; returns false at the deadline, or once it is cancelled. */
static bool look_up_take_place(int64_t deadline_ms, const atomic_bool *cancel)
{
    while (atomic_fetch_add(&look_ups, 1) >= LOOK_UPS_MAX) {
        atomic_fetch_sub(&look_ups, 1);
        if (endpoint_is_cancelled(cancel) || os_time_left(deadline_ms) == 0)
            return false;
        os_sleep_ms(PLACE_STEP_MS);
    }
    return true;
}

/* Starts one that has its place. */
static int look_up_start(struct look_up **out, const char *name, uint16_t port, struct error *err)
{
    size_t size = strlen(name) + 1;
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

/* Resolves like os_look_up, until the deadline. An address needs no thread that might wait. */
static int endpoint_look_up(const char *name, uint16_t port, struct os_endpoint found[ENDPOINTS_MAX],
                            int64_t deadline_ms, const atomic_bool *cancel, struct error *err)
{
    struct look_up *look_up = NULL;
    found[0] = (struct os_endpoint){.port = port};
    if (os_address_parse(name, &found[0].address))
        return 1;
    if (!look_up_take_place(deadline_ms, cancel))
        return error_set(err, ERR_LIMIT, "could not resolve '%s': %d earlier look-ups have no answer yet", name,
                         LOOK_UPS_MAX);
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

/* ---- connecting to the first address that answers (RFC 8305, "Happy Eyeballs") ---- */

struct race {
    const struct os_endpoint *found; /* in the order in which they are tried */
    int count, started;
    struct os_attempt *attempts[ENDPOINTS_MAX]; /* owned; NULL: not started, or it has ended */
    int64_t next_ms;                            /* when the next one starts, at the latest */
};

/* Orders the addresses so that the families take turns: where one of them leads nowhere, it holds up one attempt. */
static void endpoint_take_turns(struct os_endpoint *found, int count)
{
    for (int i = 1; i < count; i++) {
        int other = i;
        bool before = os_address_is_v4(&found[i - 1].address);
        while (other < count && os_address_is_v4(&found[other].address) == before)
            other++;
        if (other == count)
            return;
        struct os_endpoint next = found[other];
        memmove(&found[i + 1], &found[i], (size_t)(other - i) * sizeof *found);
        found[i] = next;
    }
}

static bool race_is_running(const struct race *race)
{
    for (int i = 0; i < race->started; i++)
        if (race->attempts[i])
            return true;
    return false;
}

/* Starts the next attempt if its time has come. Returns 0, or why it has failed at once. */
static int race_start_next(struct race *race, struct error *err)
{
    int status = 0;
    if (race->started < race->count && os_time_left(race->next_ms) == 0) {
        int i = race->started++;
        status = os_attempt_start(&race->attempts[i], &race->found[i], err);
        race->next_ms = os_deadline(status ? 0 : ATTEMPT_DELAY_MS);
    }
    return status;
}

/* Takes the results that are there. One that failed lets the next start at once. Returns 1 with the connection, 0, or the
   last failure. */
static int race_take_results(struct race *race, struct os_socket **out, struct error *err)
{
    int last = 0;
    for (int i = 0; i < race->started; i++) {
        int status = race->attempts[i] ? os_attempt_result(race->attempts[i], out, err) : 0;
        if (status == 1)
            return 1;
        if (status == 0)
            continue;
        last = status;
        os_attempt_free(race->attempts[i]);
        race->attempts[i] = NULL;
        race->next_ms = os_deadline(0);
    }
    return last;
}

/* Waits until there may be a result, or something else is to be done. */
static void race_await(const struct race *race, int64_t deadline_ms)
{
    int64_t until = os_deadline(OS_CANCEL_MS);
    if (race->started < race->count && race->next_ms < until)
        until = race->next_ms;
    os_attempts_await(race->attempts, race->started, deadline_ms < until ? deadline_ms : until);
}

static int race_run(struct race *race, struct os_socket **out, int64_t deadline_ms, const atomic_bool *cancel,
                    struct error *err)
{
    int failure = error_set(err, ERR_NOT_FOUND, "the name has no address");
    while (race->started < race->count || race_is_running(race)) {
        int status = race_start_next(race, err);
        failure = status ? status : failure;
        status = race_take_results(race, out, err);
        if (status == 1)
            return 0;
        failure = status ? status : failure;
        if (endpoint_is_cancelled(cancel))
            return error_set(err, ERR_TIMEOUT, "the attempt was given up");
        if (os_time_left(deadline_ms) == 0 && race_is_running(race))
            return error_set(err, ERR_TIMEOUT, "no answer in time");
        if (race_is_running(race))
            race_await(race, deadline_ms);
    }
    return failure;
}

int os_connect(struct os_socket **out, const char *host, uint16_t port, int64_t deadline_ms, const atomic_bool *cancel,
               struct error *err)
{
    struct os_endpoint found[ENDPOINTS_MAX];
    *out = NULL;
    int count = endpoint_look_up(host, port, found, deadline_ms, cancel, err);
    if (count < 0)
        return count;
    endpoint_take_turns(found, count);
    struct race race = {.found = found, .count = count, .next_ms = os_deadline(0)};
    int status = race_run(&race, out, deadline_ms, cancel, err);
    for (int i = 0; i < race.started; i++)
        os_attempt_free(race.attempts[i]);
    return status ? error_prefix(err, status, "could not connect to %.200s port %u", host, port) : 0;
}

int os_connect_address(struct os_socket **out, const struct os_address *address, uint16_t port, int64_t deadline_ms,
                       struct error *err)
{
    struct os_endpoint to = {.address = *address, .port = port};
    struct os_attempt *attempt;
    *out = NULL;
    int status = os_attempt_start(&attempt, &to, err);
    if (status)
        return status;
    while ((status = os_attempt_result(attempt, out, err)) == 0 && os_time_left(deadline_ms) > 0)
        os_attempts_await(&attempt, 1, deadline_ms);
    os_attempt_free(attempt);
    if (status == 0)
        return error_set(err, ERR_TIMEOUT, "no answer in time");
    return status < 0 ? status : 0;
}
