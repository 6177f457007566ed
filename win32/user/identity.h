/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What it takes to start a program as somebody. Only for win32/. */
#ifndef WIN32_USER_IDENTITY_H
#define WIN32_USER_IDENTITY_H

#include "platform/identity.h"

#include <windows.h>

#define IDENTITY_SESSION_LIMITED "session-limited" /* as OS_IDENTITY_SESSION, with the weaker of two tokens */

/* Returns what is borrowed from the identity, which may be NULL; NULL for the agent's own. */
HANDLE identity_token(const struct os_identity *identity);
const wchar_t *identity_environment(const struct os_identity *identity);

#endif
