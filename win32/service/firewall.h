/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The firewall's rule that lets hosts reach the agent, whatever its port: it is for the executable's path. Only for
   win32/. */
#ifndef WIN32_SERVICE_FIREWALL_H
#define WIN32_SERVICE_FIREWALL_H

#include "base/error.h"

#include <stdbool.h>
#include <wchar.h>

/* Adds the rule by netsh and then looks it up in the firewall's own list, since netsh may report success and do
   nothing. */
int firewall_allow(const wchar_t *path, struct error *err);
bool firewall_allows(const wchar_t *path); /* by a rule for that path */
/* Removes the rule. A missing one is no error. */
int firewall_forget(const wchar_t *path, struct error *err);

#endif
