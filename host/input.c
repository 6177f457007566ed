/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Types and clicks at the guest's screen. */
#include "host/client.h"

#define INPUT_MS 15000 /* that the agent may take for the actions, beside its usual time */

struct input_call {
    const char *const *actions;
    struct strlist facts;
};

static int attempt_input(struct periscope *p, void *context)
{
    struct input_call *input = context;
    struct call call;
    struct entry last;
    uint32_t count = 0;
    strlist_deinit(&input->facts);
    while (input->actions && input->actions[count])
        count++;
    call_init(&call, p, METHOD_input, count, CALL_ANY);
    for (uint32_t i = 0; i < count; i++)
        write_entry_text(&call.request, WIRE_STRING, input->actions[i]);
    call_allow(&call, INPUT_MS);
    int status = client_need(p, FIRST_MINOR_OF_PERISCOPE, METHOD_input);
    if (!status)
        status = call_send(&call, false);
    if (!status)
        status = call_reply(&call);
    if (!status)
        status = call_strings(&call, "s", &input->facts, &last);
    call_deinit(&call);
    return status;
}

int periscope_input(struct periscope *p, const char *const *actions, struct periscope_strings *facts)
{
    struct input_call input = {.actions = actions};
    if (facts)
        *facts = (struct periscope_strings){0};
    int status = client_once(p, attempt_input, &input);
    if (!status && facts)
        strings_take(facts, &input.facts);
    strlist_deinit(&input.facts);
    return client_finish(p, status);
}
