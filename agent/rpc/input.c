/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* input. */
#include "agent/input/input.h"
#include "agent/record/recorder.h"
#include "agent/rpc/rpc.h"
#include "base/utf8.h"

#include <string.h>

/* Finds the driver's name, which can only come first. */
static int input_driver(const struct request *request, const char **driver, struct error *err)
{
    static const char prefix[] = "driver=";
    const char *first = request->arg_count ? request->args[0].text : "";
    *driver = NULL;
    if (strncmp(first, prefix, sizeof prefix - 1) != 0)
        return 0;
    *driver = first + sizeof prefix - 1;
    char name[INPUT_DRIVER_MAX + 1];
    if (!**driver || strlen(*driver) > INPUT_DRIVER_MAX || !utf8_valid(*driver))
        return error_set(err, ERR_INVALID, "input: a driver's name has 1 to %d bytes of UTF-8", INPUT_DRIVER_MAX);
    strcpy(name, *driver);
    utf8_make_printable(name);
    return strcmp(name, *driver) == 0 ? 0 : error_set(err, ERR_INVALID, "input: '%s' is no name of a driver", *driver);
}

static int input_check(const struct session *session, const struct strlist *actions, struct error *err)
{
    if (!session->agent->options->input)
        return error_set(err, ERR_DENIED, "input is off: the agent's configuration has no 'input = yes'");
    if (actions->failed)
        return error_set(err, ERR_NO_MEMORY, "input: no memory for the actions");
    return worker_pool_check_input(actions, err);
}

int rpc_input(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct strlist actions = {0}, facts = {0};
    const char *driver;
    int status = input_driver(request, &driver, err);
    for (uint32_t i = driver ? 1 : 0; i < request->arg_count; i++)
        strlist_add(&actions, request->args[i].text);
    if (status == 0)
        status = input_check(session, &actions, err);
    if (status == 0)
        status = input_drive(session, driver, &actions, &facts, err);
    if (status == 0)
        recorder_note_input(session->agent->recorder, &actions);
    if (status == 0 && facts.failed)
        status = error_set(err, ERR_NO_MEMORY, "input: no memory for the answer");
    if (status == 0) {
        changes_expect(session->agent->changes);
        reply_strings(reply, &facts);
    }
    strlist_deinit(&actions);
    strlist_deinit(&facts);
    return status;
}
