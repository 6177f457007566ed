/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* screenshot, crc, displays. */
#include "agent/rpc/rpc.h"

static int read_options(const struct request *request, struct strlist *options, struct error *err)
{
    for (uint32_t i = 0; i < request->arg_count; i++)
        strlist_add(options, request->args[i].text);
    return options->failed ? error_set(err, ERR_NO_MEMORY, "no memory for the options of a picture") : 0;
}

/* Relays the answer of a capture worker: its list is the reply. */
static int relay_picture(struct session *session, const char *verb, const struct request *request, struct reply *reply,
                         struct error *err)
{
    struct strlist options = {0};
    int status = read_options(request, &options, err);
    if (status == 0)
        status = worker_pool_picture(session->agent->workers, verb, &options, &reply->bytes, err);
    strlist_deinit(&options);
    return status;
}

int rpc_screenshot(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    return relay_picture(session, "screenshot", request, reply, err);
}

int rpc_crc(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    return relay_picture(session, "crc", request, reply, err);
}

int rpc_displays(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct strlist options = {0};
    int status = read_options(request, &options, err);
    if (status == 0)
        status = worker_pool_all_displays(session->agent->workers, &options, &reply->bytes, err);
    strlist_deinit(&options);
    return status;
}
