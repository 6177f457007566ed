/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may connect. */
#ifndef AGENT_ALLOW_H
#define AGENT_ALLOW_H

#include "base/error.h"
#include "base/strlist.h"
#include "platform/socket.h"

#include <stdbool.h>

/* Checks that a rule is well-formed: a name, an address, or a network ADDRESS/BITS. ERR_INVALID names it. */
int allow_check_rule(const char *rule, struct error *err);

/* Returns whether a peer may connect. Without rules, loopback, private (RFC 1918, RFC 4193) and link-local addresses
   may. Names are resolved at each call, as testagentd does at each connection. So it may block: call it in the
   session's own thread. */
bool allow_peer(const struct strlist *rules, const struct os_address *peer);

#endif
