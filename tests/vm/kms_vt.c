/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/vm/kms_vt.h"

#include <fcntl.h>
#include <linux/kd.h>
#include <linux/vt.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ioctl.h>

static int terminal = -1;
static volatile sig_atomic_t wanted = 1;
static bool ours = true;

static void on_release(int signal)
{
    (void)signal;
    wanted = 0;
}

static void on_acquire(int signal)
{
    (void)signal;
    wanted = 1;
}

int vt_take(int number)
{
    char path[32];
    struct sigaction release = {.sa_handler = on_release}, acquire = {.sa_handler = on_acquire};
    struct vt_mode mode = {.mode = VT_PROCESS, .relsig = SIGUSR1, .acqsig = SIGUSR2};
    snprintf(path, sizeof path, "/dev/tty%d", number);
    terminal = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0 || ioctl(terminal, VT_ACTIVATE, number) || ioctl(terminal, VT_WAITACTIVE, number))
        return -1;
    if (sigaction(SIGUSR1, &release, NULL) || sigaction(SIGUSR2, &acquire, NULL))
        return -1;
    return ioctl(terminal, KDSETMODE, KD_GRAPHICS) || ioctl(terminal, VT_SETMODE, &mode) ? -1 : 0;
}

bool vt_serve(void (*let_go)(void), void (*take_up)(void))
{
    if (ours && !wanted) {
        let_go();
        ioctl(terminal, VT_RELDISP, 1);
        ours = false;
    } else if (!ours && wanted) {
        ioctl(terminal, VT_RELDISP, VT_ACKACQ);
        take_up();
        ours = true;
    }
    return ours;
}
