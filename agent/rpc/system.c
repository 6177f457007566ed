/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ping, settime, getproperties, setproperty. */
#include "agent/log.h"
#include "agent/rpc/rpc.h"
#include "platform/clock.h"

#include <stdlib.h>
#include <string.h>

int rpc_ping(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    (void)session;
    (void)request;
    (void)err;
    return reply_empty(reply);
}

int rpc_settime(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    uint64_t wanted = request->args[0].number, leeway = request->args[1].number;
    int64_t now = os_wall_time_ms() / 1000;
    if (wanted > INT64_MAX / 1000)
        return error_set(err, ERR_INVALID, "failed to set the time: %llu seconds is out of range",
                         (unsigned long long)wanted);
    uint64_t off = (uint64_t)llabs((long long)wanted - (long long)now);
    if (leeway != 0 && off <= leeway)
        return reply_empty(reply);
    int status = os_wall_time_set((int64_t)wanted, err);
    if (status)
        return status;
    log_line("%s: set the clock, which was off by %llu s", session->peer_text, (unsigned long long)off);
    return reply_empty(reply);
}

int rpc_getproperties(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct strlist facts = {0};
    (void)request;
    properties_list(session->agent, session->socket, &facts);
    int status = facts.failed ? error_set(err, ERR_NO_MEMORY, "no memory for the properties") : 0;
    if (status == 0)
        reply_strings(reply, &facts);
    strlist_deinit(&facts);
    return status;
}

static bool is_property(struct agent *agent, const char *name)
{
    struct strlist facts = {0};
    if (strncmp(name, "display.", 8) == 0 || strncmp(name, "desktop.", 8) == 0 || strncmp(name, "gpu.", 4) == 0)
        return true; /* which of them exist is too expensive to know for a refusal */
    properties_list_own(agent, &facts);
    bool found = strlist_get(&facts, name) != NULL;
    strlist_deinit(&facts);
    return found;
}

int rpc_setproperty(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    const char *name = request->args[0].text, *value = request->args[1].text;
    char *end;
    if (strcmp(name, "start.count") != 0)
        return is_property(session->agent, name) ? error_set(err, ERR_DENIED, "%s is read-only", name)
                                                 : error_set(err, ERR_INVALID, "unknown property %s", name);
    unsigned long long count = strtoull(value, &end, 10);
    if (*value < '0' || *value > '9' || *end || count > UINT32_MAX)
        return error_set(err, ERR_INVALID, "'%s' is not a valid %s value", value, name);
    int status = start_count_set(session->agent, (uint32_t)count, err);
    return status ? status : reply_empty(reply);
}
