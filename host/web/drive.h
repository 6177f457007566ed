/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hands on a guest: one page at a time, another takes over. A thread with a connection of its own passes actions on; when
 * it ends, by whatever reason, the agent lets go of all keys and buttons, as that connection ends.
 */
#ifndef HOST_WEB_DRIVE_H
#define HOST_WEB_DRIVE_H

#include "base/error.h"
#include "base/strlist.h"
#include "host/web/blob.h"

#include <stdatomic.h>
#include <stdbool.h>

#define DRIVE_NAME_MAX 40     /* bytes of who drives */
#define DRIVE_ACTIONS_MAX 512 /* that wait for the guest; more are refused */
#define DRIVE_REASON_SIZE 400

struct guest;
struct os_waker;

struct drive { /* all but the waker under the guest's lock */
    struct guest *guest;
    struct os_waker *news;
    const void *holder; /* which viewer; never followed */
    char name[DRIVE_NAME_MAX + 1];
    struct strlist actions; /* that wait */
    bool ends;
};

/* Takes the guest over, from whoever drives it. Fails without memory or threads. */
int drive_take(struct guest *guest, const void *holder, const char *name, struct error *err);
/* Lets go, if it is that viewer who drives; reason: NULL for none. */
void drive_let_go(struct guest *guest, const void *holder, const char *reason);
/* Queues actions, which are the agent's to check. ERR_DENIED when another drives, ERR_LIMIT when too many wait. */
int drive_act(struct guest *guest, const void *holder, const struct strlist *actions, struct error *err);
/* Returns whether it is that viewer who drives. */
bool drive_is_held_by(struct guest *guest, const void *holder);
/* Says who drives, as a message for that viewer. */
struct blob *drive_tell(struct guest *guest, const void *viewer);

#endif
