/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The signals that a child starts with. Only for linux/. */
#ifndef LINUX_PROCESS_SIGNALS_H
#define LINUX_PROCESS_SIGNALS_H

/* Gives every signal its default disposition and blocks none, as after a login: what the agent ignores or blocks, and what
   it was started with (nohup ignores SIGHUP, a shell's background job SIGINT and SIGQUIT), is no business of a test. For a
   child before exec; async-signal-safe. */
void signals_reset(void);

#endif
