/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The session at the screen, and those that begin and end. */
#ifndef PLATFORM_SESSION_H
#define PLATFORM_SESSION_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Asks whether it is locked, as its own programs have told the system. Linux only: on Windows the backends know. *locked is
   false when there is an error. ERR_NOT_FOUND: there is no session, or nobody to ask. ERR_TIMEOUT, ERR_UNAVAILABLE: there
   is no answer, with the reason. */
int os_session_locked(int64_t deadline_ms, bool *locked, struct error *err);
/* The same for one picture after the other, in one thread: what was answered last counts until the system tells of a change,
   for 2 s at most. So does ERR_TIMEOUT. */
int os_session_locked_still(int64_t deadline_ms, bool *locked, struct error *err);

struct os_session_event {
    const char *what;    /* "logon", "logoff", "lock", "unlock" */
    const char *user;    /* "" when unknown */
    const char *session; /* the system's name of it */
    const char *class;   /* "": a user's own; else what it is, in the system's word: "greeter" */
    int64_t time_ms;     /* wall time */
};
/* Starts to call tell(), from one thread, for the sessions that are there, with the time of their log-on, and then for what
   happens to any. tell() must not block. Nothing is asked again and again. Once. */
int os_session_watch(void (*tell)(const struct os_session_event *event), struct error *err);

#endif
