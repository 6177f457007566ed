/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/process/signals.h"

#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SET_SIZE ((_NSIG - 1) / 8) /* bytes of the kernel's set of signals */

void signals_reset(void)
{
    /* The kernel's struct sigaction is all zeroes for SIG_DFL, and no larger than this. sigaction(3) would leave out the two
       signals that libc has for itself, which make ignores in what it starts. */
    static const unsigned char by_default[256];
    sigset_t none;
    for (int number = 1; number < _NSIG; number++)
        syscall(SYS_rt_sigaction, number, by_default, NULL, SET_SIZE); /* refused for SIGKILL and SIGSTOP */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}
