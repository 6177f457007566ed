/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who logs on and off in the guest, as events. */
#ifndef AGENT_SESSIONS_H
#define AGENT_SESSIONS_H

void sessions_start(void); /* once, after events_init() */

#endif
