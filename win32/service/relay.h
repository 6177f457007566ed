/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An upgrade goes on in another process, but the service control manager knows the first one alone. As a service the first
 * process stays: it forwards the manager's stop to the process that is the agent now, and ends when that one does. Only
 * for win32/.
 *
 * They share a section, whose handle each agent inherits from the one before. */
#ifndef WIN32_SERVICE_RELAY_H
#define WIN32_SERVICE_RELAY_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <windows.h>

/* ---- in a service that is to be followed by another process ---- */

/* Prepares what the next process inherits and returns it as a handle's value. 0 where it can't be had: the service then
   ends with the upgrade, and is restarted as one that failed. */
uint64_t relay_prepare(void);
void relay_cancel(void); /* there is no next one after all */
/* Makes `next` the agent. In the first process, waits for the end of the last agent and returns true with its exit code;
   in the others returns false at once. */
bool relay_hand_over(HANDLE next, DWORD *exit_code);

/* ---- in the next one ---- */

/* Takes what relay_prepare() returned; 0: there is none. Whether it could is told by relay_is_adopted(). */
void relay_adopt(uint64_t handle);
/* Returns whether the first process of a service forwards stops to this one. */
bool relay_is_adopted(void);
/* Starts a thread that calls stop() when the service control manager requests a stop. */
int relay_watch_stop(void (*stop)(void), struct error *err);

/* Returns whether the first process was told that the machine goes down. */
bool relay_machine_ends(void);

/* ---- in the first one ---- */

void relay_note_machine_ends(void);

/* Returns whether another process is the agent now, which is then told to stop. Any thread. */
bool relay_forward_stop(void);

#endif
