/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/cli.h"

#include <signal.h>

static struct periscope *interruptible;

/* Both calls may be made in a signal handler. The default action comes back: a second Ctrl-C always ends
   us. */
static void on_signal(int number)
{
    signal(number, SIG_DFL);
    periscope_interrupt(interruptible);
}

void cli_catch_interrupt(struct cli *cli)
{
    interruptible = cli->periscope;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
}
