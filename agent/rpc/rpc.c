/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/rpc/rpc.h"
#include "agent/access/allowed_rpcs.h"

static rpc_handler *const handlers[METHOD_COUNT] = {
#define METHOD(id, symbol, name, signature, short_text) [METHOD_##symbol] = rpc_##symbol,
#include "protocol/methods.def"
#undef METHOD
};

static int check_allowed(const struct options *options, const struct method *method, struct error *err)
{
    if (options->set_time_only && method->index != METHOD_ping && method->index != METHOD_settime)
        return error_set(err, ERR_DENIED, "the %s RPC is not allowed", method->name); /* testagentd's text */
    if (!allowed_rpcs_have(&options->allow_rpcs, method))
        return error_set(err, ERR_DENIED, "the RPC '%s' is not allowed here (allow-rpc)", method->name);
    return 0;
}

int rpc_dispatch(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    const struct method *method = request->method;
    int status = check_allowed(session->agent->options, method, err);
    return status ? status : handlers[method->index](session, request, reply, err);
}

int reply_empty(struct reply *reply)
{
    write_u32(&reply->bytes, 0);
    return 0;
}

int reply_strings(struct reply *reply, const struct strlist *list)
{
    write_u32(&reply->bytes, (uint32_t)list->count);
    for (size_t i = 0; i < list->count; i++)
        write_entry_text(&reply->bytes, WIRE_STRING, list->items[i]);
    return 0;
}
