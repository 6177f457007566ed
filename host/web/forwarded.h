/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a proxy says of a request that it passes on: X-Forwarded-For, -Host, -Proto and -Prefix. It is believed only when the
 * connection comes from an address that the configuration names. Pure. */
#ifndef HOST_WEB_FORWARDED_H
#define HOST_WEB_FORWARDED_H

#include "host/web/config.h"

#include <stdbool.h>

#define FORWARDED_PEER_SIZE 64
#define FORWARDED_HOST_SIZE 256
#define FORWARDED_PREFIX_SIZE (WEB_NAME_MAX + 1)

struct forwarded_headers { /* all borrowed; NULL: not given */
    const char *client, *host, *proto, *prefix;
};

struct forwarded {
    bool by_proxy;                      /* else none of its headers was looked at */
    char peer[FORWARDED_PEER_SIZE];     /* who asks */
    char host[FORWARDED_HOST_SIZE];     /* by what name; "": as Host says */
    char prefix[FORWARDED_PREFIX_SIZE]; /* what the proxy has taken from the path; "": nothing */
    bool is_secure;                     /* the browser speaks TLS with the proxy */
};

/* peer: the address of the connection's other end. What is malformed is as if it were not there. */
void forwarded_read(struct forwarded *out, const struct web_config *config, const char *peer,
                    const struct forwarded_headers *headers);

#endif
