/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* events: what happens in the guest, as it happens. */
#include "agent/events.h"
#include "agent/rpc/rpc.h"
#include "base/number.h"
#include "platform/clock.h"

#include <string.h>

#define EVENTS_WAIT_MAX_MS 600000

static int events_number(const char *option, const char *value, uint64_t max, uint64_t *number, struct error *err)
{
    const char *end = value;
    if (number_take(&end, max, number) && !*end)
        return 0;
    return error_set(err, ERR_INVALID, "events: %s is not a number up to %llu", option, (unsigned long long)max);
}

static int events_option(struct events_query *query, const char *option, struct error *err)
{
    uint64_t ms;
    if (strncmp(option, "since=", 6) == 0)
        return events_number(option, option + 6, UINT64_MAX, &query->since, err);
    if (strncmp(option, "id=", 3) == 0) {
        query->id = option + 3;
        return 0;
    }
    if (strncmp(option, "wait-ms=", 8) != 0)
        return error_set(err, ERR_INVALID, "events: unknown option '%s'", option);
    int status = events_number(option, option + 8, EVENTS_WAIT_MAX_MS, &ms, err);
    if (status == 0)
        query->deadline_ms = os_deadline((int64_t)ms);
    return status;
}

int rpc_events(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct events_query query = {0};
    struct strlist list = {0};
    int status = 0;
    for (uint32_t i = 0; i < request->arg_count && status == 0; i++)
        status = events_option(&query, request->args[i].text, err);
    if (status == 0)
        status = events_list(&query, session->socket, &list, err);
    if (status == 0)
        status = reply_strings(reply, &list);
    strlist_deinit(&list);
    return status;
}
