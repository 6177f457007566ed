/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* logind's property LockedHint of a session, in which its compositor tells that it is locked. logind's files do not have
 * it, so it is asked for over the system's D-Bus. Not every compositor tells.
 */
#ifndef LINUX_DESKTOP_SESSION_LOCK_H
#define LINUX_DESKTOP_SESSION_LOCK_H

#include "platform/session.h"

/* Asks as os_session_locked() does. `bus` is the D-Bus's socket, `session` logind's name. Starts no service. */
int session_lock_ask(const char *bus, const char *session, int64_t deadline_ms, bool *locked, struct error *err);

/* The last answer, and the connection on which a change of it is told. */
struct session_lock {
    int fd; /* owned; -1: nobody tells */
    char session[64];
    int64_t asked_ms; /* 0: never */
    int status;
    bool locked;
    struct error why; /* of a status that is an error */
};

/* Asks, unless the last answer still holds. The first time *kept is {.fd = -1}. */
int session_lock_look(struct session_lock *kept, const char *bus, const char *session, int64_t deadline_ms,
                      bool *locked, struct error *err);

#endif
