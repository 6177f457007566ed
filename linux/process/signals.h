/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The signals that a child starts with. Only for linux/. */
#ifndef LINUX_PROCESS_SIGNALS_H
#define LINUX_PROCESS_SIGNALS_H

#include <signal.h>

void signals_reset(void); /* in a child before exec; async-signal-safe */
void signals_save_mask(const sigset_t *mask);

#endif
