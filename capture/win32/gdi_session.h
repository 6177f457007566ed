/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The session that the desktop belongs to, and whether it is shown. */
#ifndef CAPTURE_WIN32_GDI_SESSION_H
#define CAPTURE_WIN32_GDI_SESSION_H

#include "base/strlist.h"

#include <stdbool.h>

/* Adds what is known: "gdi.desktop=Default", "gdi.session=1", "gdi.session-state=active" and warnings. */
void gdi_desktop_facts(struct strlist *facts);

/* Returns whether this process runs as LocalSystem, which may open every desktop. */
bool gdi_is_system(void);

/* What Windows says about a session; -1: unknown. */
struct gdi_session_info {
    int connection; /* WTS_CONNECTSTATE_CLASS */
    int flags;      /* of WTSINFOEX: 0 and 1 mean locked and unlocked */
    int has_user;   /* a user is logged on */
    bool is_windows_7;
};

/* Reads what it says of the current one. */
void gdi_read_session(struct gdi_session_info *info);
/* Returns "active", "locked", "no-user", "disconnected", "unknown" or another connection state. */
const char *gdi_session_state(const struct gdi_session_info *info);

#endif
