/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of an RPC: arguments "key=value". */
#ifndef AGENT_RPC_OPTION_H
#define AGENT_RPC_OPTION_H

#include "base/format.h"
#include "platform/node.h"
#include "protocol/wire.h"

enum option_type {
    OPTION_NUMBER, /* uint64_t, decimal, up to INT64_MAX */
    OPTION_FLAG,   /* bool: 0 or 1 */
    OPTION_MODE,   /* uint32_t: octal, up to 0777 */
    OPTION_TIME,   /* int64_t: "SECONDS" or "SECONDS.NANOSECONDS" with nine digits, in nanoseconds; may be negative */
    OPTION_TEXT,   /* const char *, borrowed from the request */
};

struct option {
    const char *key; /* NULL ends a list */
    enum option_type type;
    void *value; /* left as it is where the option was not given */
};

/* Reads the arguments of the request from `first` on. An unknown one and a wrong value are ERR_INVALID. */
int options_read(const struct request *request, uint32_t first, const struct option *known, struct error *err);

/* Formats a time as OPTION_TIME has it. */
#define OPTION_TIME_SIZE 32
const char *option_time(int64_t ns, char text[OPTION_TIME_SIZE]);

#endif
