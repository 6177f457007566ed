/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/heartbeat.h"
#include "platform/clock.h"
#include "platform/service.h"

#define BEATS_OF_PATIENCE 4 /* so a late one, or two, are no reason to end the agent */

void heartbeat_start(struct agent *agent)
{
    int patience_ms = os_service_patience_ms();
    if (patience_ms <= 0)
        return;
    agent->beat_ms = patience_ms / BEATS_OF_PATIENCE;
    agent->next_beat_ms = os_clock_ms();
    os_listener_wake_every(agent->listener, agent->beat_ms);
}

/* Takes each lock that a client needs. */
static void pass_locks(struct agent *agent)
{
    unsigned running, exited;
    children_count(agent->children, &running, &exited);
    os_mutex_lock(agent->lock);
    os_mutex_unlock(agent->lock);
}

void heartbeat_beat(struct agent *agent)
{
    if (agent->beat_ms == 0 || os_clock_ms() < agent->next_beat_ms)
        return;
    pass_locks(agent);
    spares_fill(agent->spares);
    os_service_is_alive();
    agent->next_beat_ms = os_clock_ms() + agent->beat_ms;
}
