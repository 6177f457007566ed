/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waits until a guest is ready: one request at a time, each answered when something changes. */
#include "host/client.h"

#include "platform/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READY_POLL_MS 20000 /* of one request: a guest that is gone is noticed */
#define READY_LEAST_MS 1000 /* for the agent to answer again after the connection was lost */

struct readiness {
    const char *const *options;
    char *token; /* owned; of the last answer, or NULL */
    int poll_ms; /* of this request */
    struct strlist facts;
};

static int attempt_ready(struct periscope *p, void *context)
{
    struct readiness *ready = context;
    struct call call;
    struct entry last;
    uint32_t count = 0;
    char deadline[48];
    strlist_deinit(&ready->facts);
    while (ready->options && ready->options[count])
        count++;
    call_init(&call, p, METHOD_waitready, count + (ready->token ? 2 : 1), CALL_ANY);
    for (uint32_t i = 0; i < count; i++)
        write_entry_text(&call.request, WIRE_STRING, ready->options[i]);
    snprintf(deadline, sizeof deadline, "deadline-ms=%d", ready->token ? ready->poll_ms : 0);
    write_entry_text(&call.request, WIRE_STRING, deadline);
    if (ready->token)
        write_entry_text(&call.request, WIRE_STRING, ready->token);
    call_allow(&call, ready->poll_ms);
    int status = client_need(p, FIRST_MINOR_OF_PERISCOPE, METHOD_waitready);
    if (!status)
        status = call_send(&call, false);
    if (!status)
        status = call_reply(&call);
    if (!status)
        status = call_strings(&call, "s", &ready->facts, &last);
    call_deinit(&call);
    return status;
}

/* Keeps the token of an answer, as the option that the next request has. */
static int ready_keep_token(struct periscope *p, struct readiness *ready)
{
    const char *token = strlist_get(&ready->facts, "token");
    size_t size = strlen(token ? token : "") + sizeof "seen=";
    free(ready->token);
    ready->token = malloc(size);
    if (!ready->token)
        return client_no_memory(p);
    snprintf(ready->token, size, "seen=%s", token ? token : "");
    return 0;
}

/* Asks once, on a new connection if that is needed. An agent that has gone may come back. */
static int ready_ask(struct periscope *p, struct readiness *ready, int64_t deadline)
{
    int64_t left = os_time_left(deadline);
    ready->poll_ms = left < READY_POLL_MS ? (int)left : READY_POLL_MS;
    int status = client_attempt_once(p, attempt_ready, ready);
    if (status != PERISCOPE_NO_AGENT && status != PERISCOPE_TIMED_OUT)
        return status ? status : ready_keep_token(p, ready);
    left = os_time_left(deadline);
    if (left == 0 || os_time_left(p->limit) == 0)
        return status;
    free(ready->token);
    ready->token = NULL;
    return periscope_wait_boot(p,
                               left < READY_LEAST_MS ? READY_LEAST_MS
                               : left > INT32_MAX    ? INT32_MAX
                                                     : (int)left,
                               NULL);
}

static bool ready_is_all(const struct strlist *facts)
{
    const char *ready = strlist_get(facts, "ready");
    return ready && strcmp(ready, "1") == 0;
}

int periscope_wait_ready(struct periscope *p, const char *const *options, int timeout_ms,
                         periscope_ready_changed *changed, void *context, struct periscope_strings *facts)
{
    struct readiness ready = {.options = options};
    int64_t deadline = os_deadline(timeout_ms);
    int status = 0;
    *facts = (struct periscope_strings){0};
    for (;;) {
        status = ready_ask(p, &ready, deadline);
        if (status)
            break;
        if (changed && ready.token) {
            const struct periscope_strings now = {ready.facts.items, ready.facts.count};
            changed(context, &now);
        }
        if (ready_is_all(&ready.facts))
            break;
        if (ready.token && os_time_left(deadline) == 0) {
            status = client_fail(p, PERISCOPE_TIMED_OUT, "%s: not ready within %g s", p->name, timeout_ms / 1000.0);
            break;
        }
    }
    strings_take(facts, &ready.facts);
    free(ready.token);
    return client_finish(p, status);
}
