/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ends the guest's system. */
#include "host/client.h"

#define SHUTDOWN_MS 40000 /* that the agent may take to flush and to ask the system, beside its usual time */

struct shutdown {
    const char *const *options;
    struct strlist facts;
};

static int attempt_shutdown(struct periscope *p, void *context)
{
    struct shutdown *shutdown = context;
    struct call call;
    struct entry last;
    uint32_t count = 0;
    strlist_deinit(&shutdown->facts);
    while (shutdown->options && shutdown->options[count])
        count++;
    call_init(&call, p, METHOD_shutdown, count, CALL_ANY);
    for (uint32_t i = 0; i < count; i++)
        write_entry_text(&call.request, WIRE_STRING, shutdown->options[i]);
    call_allow(&call, SHUTDOWN_MS);
    int status = client_need(p, FIRST_MINOR_OF_PERISCOPE, METHOD_shutdown);
    if (!status)
        status = call_send(&call, false);
    if (!status)
        status = call_reply(&call);
    if (!status)
        status = call_strings(&call, "s", &shutdown->facts, &last);
    call_deinit(&call);
    return status;
}

int periscope_shutdown(struct periscope *p, const char *const *options, struct periscope_strings *facts)
{
    struct shutdown shutdown = {.options = options};
    *facts = (struct periscope_strings){0};
    int status = client_once(p, attempt_shutdown, &shutdown);
    if (!status)
        strings_take(facts, &shutdown.facts);
    strlist_deinit(&shutdown.facts);
    return client_finish(p, status);
}
