/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Follows what a program in the guest writes, and writes to its input. Both go on at the right byte after a lost
 * connection. */
#include "host/client.h"

#include "base/number.h"
#include "platform/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLLOW_WINDOW (4u << 20) /* bytes of a reply */
#define FOLLOW_LEEWAY_MS 5000    /* how late a reply may be */
#define WRITE_CLOSE 1u           /* the RPC's flag */

static const char *const follow_names[2] = {"out", "err"};

struct follow_attempt {
    struct periscope_follow *follow;
    uint8_t *chunk; /* owned, CLIENT_CHUNK_SIZE */
    int wait_ms;
    bool progress; /* something came */
};

/* ---- the request ---- */

static void follow_add(struct call *call, const char *key, uint64_t value)
{
    char option[48];
    snprintf(option, sizeof option, "%s=%" PRIu64, key, value);
    write_entry_text(&call->request, WIRE_STRING, option);
}

static void follow_write_request(struct call *call, struct periscope *p, const struct follow_attempt *attempt)
{
    const struct periscope_follow *follow = attempt->follow;
    uint32_t wanted = (uint32_t)follow->wanted[0] + follow->wanted[1];
    call_init(call, p, METHOD_follow, 4 + wanted + (follow->held_ms > 0), CALL_ANY);
    follow_add(call, "pid", follow->pid);
    follow_add(call, "window", FOLLOW_WINDOW);
    follow_add(call, "wait-ms", (uint64_t)attempt->wait_ms);
    follow_add(call, "pace", 1);
    for (int i = 0; i < 2; i++)
        if (follow->wanted[i])
            follow_add(call, follow_names[i], follow->offsets[i]);
    if (follow->held_ms > 0)
        follow_add(call, "held-ms", (uint64_t)follow->held_ms);
    call->answer_ms = attempt->wait_ms + FOLLOW_LEEWAY_MS;
}

/* ---- the reply ---- */

/* Returns a stream's fact as a number; 0 where there is none. */
static uint64_t follow_number(const struct strlist *facts, int stream, const char *key)
{
    char name[24];
    uint64_t value = 0;
    snprintf(name, sizeof name, "%s.%s", follow_names[stream], key);
    const char *text = strlist_get(facts, name);
    return text && number_take(&text, UINT64_MAX, &value) ? value : 0;
}

/* Tells how many bytes before the next ones are gone. */
static int follow_tell_dropped(struct periscope *p, struct follow_attempt *attempt, const struct strlist *facts,
                               int stream)
{
    struct periscope_follow *follow = attempt->follow;
    uint64_t dropped = follow_number(facts, stream, "dropped");
    char name[24];
    if (dropped == 0)
        return 0;
    snprintf(name, sizeof name, "%s.why", follow_names[stream]);
    follow->offsets[stream] += dropped;
    attempt->progress = true;
    if (follow->dropped(follow->context, stream, dropped, strlist_get(facts, name)))
        return 0;
    periscope_disconnect(p);
    return client_fail(p, PERISCOPE_LOCAL, "following process %" PRIu64 " was cancelled", follow->pid);
}

/* Passes a stream's bytes on as they come, so that each is passed on once whatever happens to the connection. */
static int follow_take_data(struct call *call, struct follow_attempt *attempt, int stream)
{
    struct periscope *p = call->p;
    struct periscope_follow *follow = attempt->follow;
    struct error err;
    struct entry entry;
    int got, status = call_entry(call, "d", &entry);
    if (status)
        return status;
    while ((got = list_read_data(&call->reply, attempt->chunk, CLIENT_CHUNK_SIZE, &err)) > 0) {
        follow->offsets[stream] += (uint64_t)got;
        attempt->progress = true;
        if (!follow->output(follow->context, stream, attempt->chunk, (size_t)got)) {
            periscope_disconnect(p);
            return client_fail(p, PERISCOPE_LOCAL, "following process %" PRIu64 " was cancelled", follow->pid);
        }
        p->deadline = client_deadline(p, p->io_ms); /* passing it on may have taken long */
    }
    return got < 0 ? client_broken(p, &err, "receiving a program's output") : 0;
}

/* Reads the facts, as far as the first of the streams' data. */
static int follow_facts(struct call *call, const struct periscope_follow *follow, struct strlist *facts)
{
    uint32_t wanted = (uint32_t)follow->wanted[0] + follow->wanted[1];
    int status = 0;
    while (status == 0 && call->reply.count - call->reply.index > wanted) {
        struct entry entry;
        char *text = NULL;
        status = call_entry(call, "s", &entry);
        if (!status)
            status = call_text(call, &text);
        if (!status)
            strlist_add(facts, text);
        free(text);
    }
    if (!status && facts->failed) {
        periscope_disconnect(call->p);
        status = client_no_memory(call->p);
    }
    return status;
}

static enum periscope_end follow_end(const struct strlist *facts)
{
    const char *end = strlist_get(facts, "end");
    return !end ? PERISCOPE_END_NONE : strcmp(end, "closed") == 0 ? PERISCOPE_END_CLOSED : PERISCOPE_END_HELD;
}

static int follow_reply(struct call *call, struct follow_attempt *attempt, struct strlist *facts)
{
    struct periscope_follow *follow = attempt->follow;
    int status = call_reply(call);
    if (!status)
        status = follow_facts(call, follow, facts);
    for (int i = 0; i < 2 && !status; i++) {
        if (!follow->wanted[i])
            continue;
        status = follow_tell_dropped(call->p, attempt, facts, i);
        if (!status)
            status = follow_take_data(call, attempt, i);
    }
    if (!status)
        status = call_end(call);
    if (!status)
        follow->end = follow_end(facts);
    return status;
}

static int attempt_follow(struct periscope *p, void *context)
{
    struct follow_attempt *attempt = context;
    struct call call;
    struct strlist facts = {0};
    follow_write_request(&call, p, attempt);
    int status = client_need(p, FIRST_MINOR_OF_PERISCOPE, METHOD_follow);
    if (!status)
        status = call_send(&call, false);
    if (!status)
        status = follow_reply(&call, attempt, &facts);
    strlist_deinit(&facts);
    call_deinit(&call);
    return status;
}

static int follow_until(struct periscope *p, struct follow_attempt *attempt, int64_t deadline)
{
    for (struct absence absence = {0};;) {
        int64_t left = os_time_left(deadline);
        attempt->wait_ms = left < PERISCOPE_KEEPALIVE_MS ? (int)left : PERISCOPE_KEEPALIVE_MS;
        attempt->progress = false;
        int status = client_attempt_away(p, attempt_follow, attempt, &absence);
        bool broken = client_is_away(status), away = broken && !attempt->progress, over = os_time_left(deadline) == 0;
        if (!away || over || os_time_left(p->limit) == 0)
            client_returned(p, &absence);
        if ((status && !broken) || attempt->follow->end || os_time_left(p->limit) == 0)
            return status;
        if (over)
            return client_fail(p, PERISCOPE_STILL_RUNNING, "process %" PRIu64 " still writes", attempt->follow->pid);
        status = away ? client_await_return(p, &absence, status) : 0;
        if (status)
            return status;
    }
}

int periscope_follow(struct periscope *p, struct periscope_follow *follow, int timeout_ms)
{
    struct follow_attempt attempt = {.follow = follow, .chunk = malloc(CLIENT_CHUNK_SIZE)};
    follow->end = PERISCOPE_END_NONE;
    if (!attempt.chunk)
        return client_no_memory(p);
    int status = follow_until(p, &attempt, os_deadline(timeout_ms));
    free(attempt.chunk);
    return client_finish(p, status);
}

/* ---- the input ---- */

struct write_attempt {
    uint64_t pid, *offset;
    const void *bytes;
    size_t len;
    bool close;
};

/* The agent leaves out what an earlier attempt brought. A program may take any time to read it. */
static int attempt_write(struct periscope *p, void *context)
{
    const struct write_attempt *write = context;
    struct call call;
    uint64_t taken;
    call_init(&call, p, METHOD_write, 4, 1);
    write_entry_u64(&call.request, write->pid);
    write_entry_u64(&call.request, *write->offset);
    write_entry_u32(&call.request, write->close ? WRITE_CLOSE : 0);
    write_entry_data(&call.request, write->bytes, write->len);
    call.answer_ms = -1;
    int status = client_need(p, FIRST_MINOR_OF_PERISCOPE, METHOD_write);
    if (!status)
        status = call_send(&call, false);
    if (!status)
        status = call_reply(&call);
    if (!status)
        status = call_u64(&call, &taken);
    call_deinit(&call);
    return status;
}

int periscope_write(struct periscope *p, uint64_t pid, uint64_t *offset, const void *bytes, size_t len, bool close)
{
    struct write_attempt write = {pid, offset, bytes, len, close};
    if (len > PERISCOPE_WRITE_MAX)
        return client_fail(p, PERISCOPE_INVALID, "%zu bytes are too many for one write (at most %u)", len,
                           PERISCOPE_WRITE_MAX);
    struct absence absence = {0};
    int status = client_repeat(p, attempt_write, &write);
    while (p->away_ms > 0 && client_is_away(status)) {
        status = client_await_return(p, &absence, status);
        if (status)
            return client_finish(p, status);
        status = client_attempt_away(p, attempt_write, &write, &absence);
    }
    client_returned(p, &absence);
    status = client_finish(p, status);
    if (!status)
        *offset += len;
    return status;
}
