/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all sessions share. */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "agent/children.h"
#include "agent/options.h"
#include "agent/worker/pool.h"
#include "platform/socket.h"
#include "platform/thread.h"

#include <stdatomic.h>

struct session;

struct agent {
    const struct options *options;
    struct children *children;
    struct worker_pool *workers;
    struct os_listener *listener;
    atomic_bool stopping;  /* the service manager requested a stop */
    atomic_bool upgrading; /* an executable is on its way to the place of the agent's own, or there: one at a time */
    int64_t start_ms;      /* wall time of this start of the agent */
    struct os_mutex *lock; /* guards what follows */
    struct session *sessions;
    unsigned client_count;
    uint32_t start_count;
    /* What to become when the listener has stopped (upgrade, restart); owned. */
    char *next_path;
    struct strlist next_argv;
    char *replaced;      /* owned: the executable's path, where an upgrade has put another; what runs is beside it */
    char *upgrade_error; /* owned: why the last upgrade was undone; NULL: it was not */
};

/* Starts of the agent, kept in a file beside --show-restarts; 0 without the option. */
void start_count_init(struct agent *agent);
uint32_t start_count_get(struct agent *agent);
int start_count_set(struct agent *agent, uint32_t count, struct error *err);

/* As whom a host's programs run, for os_identity_find. */
const char *agent_run_as(const struct agent *agent);

/* The agent goes on as it was: what an upgrade has moved is put back, so that it is also what the next boot starts. */
void upgrade_undo(struct agent *agent, const char *why);

/* The facts of getproperties and status.txt, in testagentd's order first. */
void properties_list(struct agent *agent, struct strlist *facts);
void properties_list_own(struct agent *agent, struct strlist *facts); /* without the displays: never waits */

#endif
