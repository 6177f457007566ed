/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state that all sessions share. */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "agent/access/allow.h"
#include "agent/child/children.h"
#include "agent/journal/journal.h"
#include "agent/options.h"
#include "agent/ready.h"
#include "agent/spare.h"
#include "agent/worker/changes.h"
#include "agent/worker/pool.h"
#include "base/budget.h"
#include "platform/socket.h"
#include "platform/thread.h"

#include <stdatomic.h>

/* Bytes of memory for all clients together. That of each client's first bytes, which ordinary requests and replies don't
   exceed, is not counted: 400 clients need 75 MiB at most for them. */
#define AGENT_REQUESTS_MAX (64u << 20) /* of half-read requests: four of the largest */
#define AGENT_REQUEST_EXEMPT (64u << 10)
#define AGENT_REPLIES_MAX                                                                                              \
    (256u << 20) /* of replies that were not taken yet; a single larger one goes while it is alone */
#define AGENT_REPLY_EXEMPT (128u << 10)

struct recorder;
struct session;
struct transfers;
struct input;

struct agent {
    const struct options *options;
    struct children *children;
    struct journal *journal; /* the children's; NULL: not read yet */
    struct strlist last_end; /* facts, owned; set before the first client */
    struct worker_pool *workers;
    struct ready *ready;
    struct recorder *recorder;
    struct changes *changes;
    struct transfers *transfers; /* that may be continued */
    struct input *input;         /* who types and clicks */
    struct os_listener *listener;
    uint16_t port;                   /* that it listens on */
    struct spares *spares;           /* NULL until the agent serves */
    struct allow *allow;             /* which addresses may connect */
    atomic_bool not_admitting;       /* the listener has stopped: nobody may become a client any more */
    atomic_uint waiting_count;       /* peers that wait for a name to be looked up (admission.c) */
    struct os_waker *not_accepting;  /* set with not_admitting */
    struct os_waker *nobody_waits;   /* set when waiting_count becomes 0 */
    atomic_bool stopping;            /* the service manager requested a stop */
    atomic_bool ending;              /* no session begins another request */
    atomic_bool upgrading;           /* the agent is about to become another executable: one at a time */
    int beat_ms;                     /* how often the service manager is told that the agent lives; 0: never */
    int64_t next_beat_ms;            /* monotonic */
    int64_t start_ms;                /* wall time of this start of the agent */
    struct budget requests, replies; /* the memory that sessions hold */
    struct os_mutex *lock;           /* guards what follows */
    struct session *sessions;
    unsigned client_count;
    uint32_t start_count;
    /* The executable and command line to become when the listener has stopped (upgrade, restart); owned. */
    char *next_path;
    struct strlist next_argv;
    char *replaced; /* owned: the path of the executable that an upgrade has replaced; the running one was moved away */
    char *upgrade_error; /* owned: why the last upgrade was undone; NULL: it was not */
};

/* Counts the starts of the agent, in a file with --show-restarts; without that option the count begins with 0. */
void start_count_init(struct agent *agent);
uint32_t start_count_get(struct agent *agent);
int start_count_set(struct agent *agent, uint32_t count, struct error *err);

/* Finds how the last run ended. The journal has been read. */
void last_end_find(struct agent *agent);
/* Notes that this one ends as it was told to; returns when that is on the disk. context: the agent. */
void last_end_note(void *context);

/* Returns the identity that a host's programs run as, for os_identity_find. */
const char *agent_run_as(const struct agent *agent);

/* Undoes an upgrade when the agent goes on as it was: moves back what the upgrade has moved, so that the next boot
   starts the same executable, and keeps `why` as the upgrade's error. */
void upgrade_undo(struct agent *agent, const char *why);

/* Lists the facts of getproperties and status.txt, those of testagentd first and in its order. */
void properties_list(struct agent *agent, struct os_socket *client, struct strlist *facts);
void properties_list_own(struct agent *agent, struct strlist *facts); /* without the displays: never waits */

#endif
