/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ps: the children, their processes, and what they have left. */
#include "agent/rpc/option.h"
#include "agent/rpc/rpc.h"

#define LAST_DEFAULT 1000 /* children */
#define LAST_MAX 10000

int rpc_ps(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct children_query query = {.last = LAST_DEFAULT};
    const struct option known[] = {{"pid", OPTION_NUMBER, &query.pid},
                                   {"tag", OPTION_TEXT, &query.tag},
                                   {"tree", OPTION_FLAG, &query.tree},
                                   {"last", OPTION_NUMBER, &query.last},
                                   {0}};
    struct strlist list = {0};
    int status = options_read(request, 0, known, err);
    if (status == 0 && query.last > LAST_MAX)
        status = error_set(err, ERR_INVALID, "ps: last=%llu is more than %d", (unsigned long long)query.last, LAST_MAX);
    if (status == 0)
        status = children_ps(session->agent->children, &query, &list, err);
    if (status == 0)
        status = reply_strings(reply, &list);
    strlist_deinit(&list);
    return status;
}
