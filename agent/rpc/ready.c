/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* waitready. */
#include "agent/ready.h"
#include "agent/rpc/rpc.h"
#include "base/number.h"
#include "platform/clock.h"
#include "platform/desktop_state.h"

#include <string.h>

#define WAIT_DEFAULT_MS 60000
#define WAIT_MAX_MS 3600000

struct waitready {
    struct conditions_wanted wanted;
    uint64_t deadline_ms;
    const char *seen;
};

static int waitready_option(struct waitready *wait, const char *option, struct error *err)
{
    const char *value = strchr(option, '=');
    if (strncmp(option, "seen=", 5) == 0) {
        wait->seen = option + 5;
        return 0;
    }
    if (strncmp(option, "deadline-ms=", 12) != 0)
        return conditions_parse(&wait->wanted, option, err);
    value++;
    if (number_take(&value, WAIT_MAX_MS, &wait->deadline_ms) && !*value)
        return 0;
    return error_set(err, ERR_INVALID, "waitready: '%.80s' is not from 0 to %d", option, WAIT_MAX_MS);
}

static int waitready_parse(struct waitready *wait, const struct request *request, struct error *err)
{
    for (uint32_t i = 0; i < request->arg_count; i++) {
        int status = waitready_option(wait, request->args[i].text, err);
        if (status)
            return status;
    }
    if (!wait->wanted.states)
        wait->wanted.states = 1u << DESKTOP_READY;
    return 0;
}

int rpc_waitready(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct waitready wait = {.wanted = {.cpu = -1, .disk = -1, .idle_ms = CONDITIONS_IDLE_MS},
                             .deadline_ms = WAIT_DEFAULT_MS};
    struct strlist facts = {0};
    int status = waitready_parse(&wait, request, err);
    if (status == 0)
        status = ready_wait(session->agent->ready, &wait.wanted, session->socket,
                            os_deadline((int64_t)wait.deadline_ms), wait.seen, &facts, err);
    if (status == 0 && facts.failed)
        status = error_set(err, ERR_NO_MEMORY, "waitready: no memory for the answer");
    if (status == 0)
        reply_strings(reply, &facts);
    strlist_deinit(&facts);
    return status;
}
