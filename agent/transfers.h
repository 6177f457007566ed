/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The transfers that may be continued: one whose connection broke waits here for its rest, by the name that
   its host has given it. Any thread. */
#ifndef AGENT_TRANSFERS_H
#define AGENT_TRANSFERS_H

#include "base/buffer.h"

#define TRANSFERS_MAX 16               /* that wait; one more ends the one that has waited longest */
#define TRANSFERS_KEEP_MS (600 * 1000) /* then it is ended: a host that comes so late begins again */
#define TRANSFERS_TOKEN_MAX 64         /* bytes of a name */

struct session;
struct transfers;

/* Which one it is. What frees its object tells of which kind that is: the same names are no key to another kind. */
struct transfer_key {
    const char *token, *path;
    void (*end)(void *object);
};

struct transfer {
    void *object;              /* owned: a file or tree that is half done; NULL once it is complete */
    void (*end)(void *object); /* what frees it */
    uint64_t have;             /* bytes that have passed */
    struct buffer last;        /* what a tree has given out last, which may not have come */
    struct session *user;      /* who adds to it now; NULL: it waits */
    int64_t expires_ms;        /* while it waits */
    char *token, *path;        /* owned */
    struct transfer *next;
};

/* Once, before the first thread; it lives as long as the process. */
int transfers_new(struct transfers **out, int keep_ms, struct error *err);
/* Adds one in use by this client, still without an object; one of that name before it is ended. */
int transfers_add(struct transfers *transfers, const struct transfer_key *key, struct session *user,
                  struct transfer **out, struct error *err);
/* Gives out the entry, for this client to add to it. One that another connection still adds to is taken from it: that is
   broken, may not know, and serves nothing more. ERR_NOT_FOUND. */
int transfers_take(struct transfers *transfers, const struct transfer_key *key, struct session *user,
                   struct transfer **out, struct error *err);
/* Lets an entry wait that was taken or added. Without an object it tells that it is complete. */
void transfers_park(struct transfers *transfers, struct transfer *entry);
/* Ends one that was taken or added; its object too, if it has one. */
void transfers_end(struct transfers *transfers, struct transfer *entry);

#endif
