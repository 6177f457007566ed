/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --allow-rpc: which RPCs are served. */
#ifndef AGENT_ACCESS_ALLOWED_RPCS_H
#define AGENT_ACCESS_ALLOWED_RPCS_H

#include "base/error.h"
#include "base/strlist.h"
#include "protocol/wire.h"

#include <stdbool.h>

/* Checks lists of names, separated by commas. ERR_INVALID names what is no RPC. */
int allowed_rpcs_check(const struct strlist *lists, struct error *err);
/* Returns whether one of the lists has the RPC. Without a list each is allowed; with one, those that it names alone. */
bool allowed_rpcs_have(const struct strlist *lists, const struct method *method);

#endif
