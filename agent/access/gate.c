/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/access/gate.h"
#include "platform/clock.h"

#define GATE_STOP_MS 2000 /* for the thread that accepts, which never waits */

int gate_init(struct agent *agent, struct error *err)
{
    int status = os_waker_new(&agent->not_accepting, err);
    return status ? status : os_waker_new(&agent->nobody_waits, err);
}

void gate_close(struct agent *agent)
{
    atomic_store(&agent->not_admitting, true);
    os_waker_set(agent->not_accepting);
    os_waker_clear(agent->nobody_waits);
    while (atomic_load(&agent->waiting_count)) {
        (void)os_waker_wait(agent->nobody_waits, OS_FOREVER);
        os_waker_clear(agent->nobody_waits);
    }
}

int gate_stop(struct agent *agent, struct error *err)
{
    os_listener_stop(agent->listener);
    if (os_waker_wait(agent->not_accepting, os_deadline(GATE_STOP_MS)))
        return 0;
    return error_set(err, ERR_TIMEOUT,
                     "the agent still accepts clients after %d s: it becomes the new server as soon as it does not",
                     GATE_STOP_MS / 1000);
}

void gate_open(struct agent *agent)
{
    os_waker_clear(agent->not_accepting);
    atomic_store(&agent->not_admitting, false);
}
