/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waits of clients until the screen is another: the pictures of screenshot with wait-ms, and those with delta. Any thread.
 *
 * A wait is a loop in its client's thread: a picture with if-changed, then a pause until it may be another. Where the source
 * tells of changes by itself (the fact `watch`), one thread for all waits has a worker watch it, and the pause is as long
 * as nothing happens; but a picture is compared every few seconds all the same, since what it tells is neither complete nor
 * exact. A client that has the last picture and comes right back goes on to wait for that, without a picture first. Else
 * pictures are compared at a rate that falls while the screen holds still. The waits wake at the same moments,
 * so that equal requests share a capture.
 *
 * These pictures have a worker of their own, which keeps the last ones for delta, and leaves the others to everybody else.
 */
#ifndef AGENT_WORKER_CHANGES_H
#define AGENT_WORKER_CHANGES_H

#include "agent/worker/pool.h"

struct changes;

/* Makes them, which live as long as the process. As worker_pool_new(). */
int changes_new(struct changes **out, const struct strlist *card_classes, struct error *err);
void changes_spare_children(struct changes *changes, struct children *children); /* as of a pool */
/* Ends the idle workers, before the agent ends or becomes another executable. */
void changes_stop(struct changes *changes);

/* Has sources that are only compared looked at as often as behind a change: somebody has pressed a key, say. */
void changes_expect(struct changes *changes);

/* Returns whether a screenshot with these options is for changes_picture() and not for the pool that all share. */
bool changes_concerns(const struct strlist *options);
/* Takes a picture as worker_pool_picture() does, once it is another than the options tell or the time for that is over.
   ERR_CLOSED when the client has left. */
int changes_picture(struct changes *changes, const struct strlist *options, struct os_socket *client,
                    struct buffer *list, struct error *err);

#endif
