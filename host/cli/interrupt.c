/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/cli.h"

#include <signal.h>

static struct periscope *interruptible;
static volatile sig_atomic_t held, pending;

/* Both calls may be made in a signal handler. The default action comes back: a second Ctrl-C always ends
   us. */
static void on_signal(int number)
{
    signal(number, SIG_DFL);
    if (held)
        pending = 1;
    else
        periscope_interrupt(interruptible);
}

void cli_hold_interrupt(bool hold)
{
    held = hold;
    if (hold || !pending)
        return;
    pending = 0;
    periscope_interrupt(interruptible);
}

void cli_catch_interrupt(struct cli *cli)
{
    interruptible = cli->periscope;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
}
