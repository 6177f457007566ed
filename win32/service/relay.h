/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An upgrade goes on in another process, but the service control manager knows the first one alone: as a service that one
 * stays. It passes the wish for an end on to the one that is the agent now, and ends when that one does. Only for win32/.
 *
 * What they share is a section whose handle each agent inherits from the one before. */
#ifndef WIN32_SERVICE_RELAY_H
#define WIN32_SERVICE_RELAY_H

#include <stdbool.h>
#include <stdint.h>
#include <windows.h>

/* ---- in the agent that is to be followed by another ---- */

/* What the next one inherits, as a handle's value; 0 for what is no service, and where it can't be had (then the service
   ends with the upgrade, and is restarted as one that failed). */
uint64_t relay_prepare(void);
void relay_cancel(void); /* there is no next one after all */
/* The next one serves: the first process stays here until its end, the others return. */
void relay_hand_over(HANDLE next);

/* ---- in the next one ---- */

void relay_adopt(uint64_t handle); /* 0: there is none */
void relay_watch_stop(void);            /* from now on service_stop() is called when the manager wants an end */

/* ---- in the first one ---- */

/* Whether another is the agent now; it is then told to end. Any thread. */
bool relay_forward_stop(void);

#endif
