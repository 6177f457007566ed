/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sessions of the machine, and the rights to start something in them. Only for win32/. */
#ifndef WIN32_USER_SESSION_H
#define WIN32_USER_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <windows.h>

/* Returns false while there is no session at the console: it is just being changed. */
bool session_of_console(DWORD *session);

/* Lists all sessions, at most max. Returns their number, and a list that the caller owns (NULL without any). */
size_t session_list(DWORD **out, size_t max);

/* Changes whenever somebody logs on or off, or another session comes to the console. Any thread. */
unsigned session_generation(void);
void session_changed(void);
/* The event that session_changed() sets too; NULL where there can be none. One thread may wait for it. */
HANDLE session_event(void);
void session_use_event(HANDLE event); /* in place of that, before anybody waits or once nobody does */
/* Counts the changes there from now on, in memory that stays and that several processes may share. */
void session_count_in(atomic_uint *counter);

/* Opens a primary token that the caller closes, as the next one does: returns 0, or the code of the failure. */
DWORD session_own_token(DWORD session, HANDLE *token);  /* the agent's own rights, moved to that session */
DWORD session_user_token(DWORD session, HANDLE *token); /* who is logged on there: ERROR_NO_TOKEN when nobody is */

/* Returns the environment of who has that token, owned by the caller (free()), or NULL where it can't be had. */
wchar_t *session_environment(HANDLE token);

/* The desktop that a person sees. A process whose desktop is not named lands where its parent is. */
#define SESSION_DESKTOP L"winsta0\\default"

#endif
