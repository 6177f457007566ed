/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/process/signals.h"

#include <stddef.h>

static sigset_t original_mask; /* what children start with */

void signals_reset(void)
{
    /* What a program expects at its start: the agent's own ignored and blocked signals are no business of a test. */
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    sigprocmask(SIG_SETMASK, &original_mask, NULL);
}

void signals_save_mask(const sigset_t *mask)
{
    original_mask = *mask;
}
