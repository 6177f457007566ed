/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The session at the screen. */
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

#endif
