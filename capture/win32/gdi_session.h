/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose session the screen is of, and whether a person sees it. */
#ifndef CAPTURE_WIN32_GDI_SESSION_H
#define CAPTURE_WIN32_GDI_SESSION_H

#include "base/strlist.h"

#include <stdbool.h>

/* "gdi.desktop=Default", "gdi.session=1", "gdi.session-state=active" and warnings with the remedy: what is known. */
void gdi_desktop_facts(struct strlist *facts);

/* Whether this process is LocalSystem's, to which no desktop is closed. */
bool gdi_is_system(void);

/* What Windows tells of a session; -1: it does not. */
struct gdi_session_info {
    int connection; /* WTS_CONNECTSTATE_CLASS */
    int flags;      /* of WTSINFOEX: 0 and 1 are the two states of the lock */
    int has_user;   /* somebody is logged on */
    bool is_windows_7;
};

/* "active", "locked", "no-user", "disconnected", "unknown" or another state of a connection. */
const char *gdi_session_state(const struct gdi_session_info *info);

#endif
