/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/gpu/kernel_log.h"
#include "linux/gpu/sysfs.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define LOG_DEVICE makedev(1, 11) /* /dev/kmsg, as the kernel's Documentation/admin-guide/devices.txt numbers it */
#define TAKEN_FROM 10             /* the lowest number of a descriptor that is taken */

static int taken = -1; /* -1: the standard input was not the log */

static bool is_kernel_log(int fd)
{
    struct stat node;
    return fstat(fd, &node) == 0 && S_ISCHR(node.st_mode) && node.st_rdev == LOG_DEVICE;
}

/* Leaves no log to children, without /dev/null not even an input. */
static void leave_no_log(void)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0)
        fcntl(STDIN_FILENO, F_SETFD, FD_CLOEXEC);
    if (null >= 0)
        close(null);
}

void kernel_log_take(void)
{
    if (!is_kernel_log(STDIN_FILENO))
        return;
    taken = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, TAKEN_FROM);
    leave_no_log();
}

int kernel_log_open(void)
{
    char path[PATH_MAX];
    if (taken < 0) {
        gpu_path(path, "/dev/kmsg");
        return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    }
    /* The kernel's dev-kmsg has it so: from there on all records that it still has. */
    if (lseek(taken, 0, SEEK_SET) < 0 || fcntl(taken, F_SETFL, O_NONBLOCK) < 0)
        return -1;
    return fcntl(taken, F_DUPFD_CLOEXEC, TAKEN_FROM);
}

void kernel_log_hand_over(void)
{
    if (taken >= 0)
        dup2(taken, STDIN_FILENO);
}

void kernel_log_keep(void)
{
    if (taken >= 0)
        leave_no_log();
}
