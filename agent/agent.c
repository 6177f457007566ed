/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/agent.h"
#include "platform/identity.h"
#include "platform/service.h"

/* Returns the identity for programs. A service has rights that tests should not have, so it uses the session's user. */
const char *agent_run_as(const struct agent *agent)
{
    if (agent->options->run_as)
        return agent->options->run_as;
    return os_service_is_one() ? OS_IDENTITY_SESSION : OS_IDENTITY_AGENT;
}
