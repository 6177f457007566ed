/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The RPCs' handlers. A handler appends its whole reply list to reply->bytes and returns 0, or returns a status with
 * *err set. The answer is then that text in one `e` entry, except after ERR_CLOSED, ERR_PROTOCOL and ERR_TIMEOUT of the
 * connection itself (see serve.c), which end the session. Arguments have been checked against the signature.
 */
#ifndef AGENT_RPC_RPC_H
#define AGENT_RPC_RPC_H

#include "agent/session.h"

typedef int rpc_handler(struct session *session, struct request *request, struct reply *reply, struct error *err);

#define METHOD(id, symbol, name, signature, short_text) rpc_handler rpc_##symbol;
#include "protocol/methods.def"
#undef METHOD

/* Runs the handler of request->method, or refuses the request. */
int rpc_dispatch(struct session *session, struct request *request, struct reply *reply, struct error *err);

/* Writes a reply of no entries, or of one string entry for each item. Both return 0. */
int reply_empty(struct reply *reply);
int reply_strings(struct reply *reply, const struct strlist *list);

#endif
