/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/process/outside.h"
#include "linux/errno.h"
#include "platform/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCORE_FILE "/proc/self/oom_score_adj"
#define SCORE_OF_PROGRAMS "0"

/* Set once, before the first child. */
static int mounts = -1;       /* the namespace, kept open so that no /proc is needed later; -1: the agent's own */
static char folder[PATH_MAX]; /* the agent's working directory, which a change of namespace leaves */
static bool is_protected;     /* the kernel would rather end others than the agent */
static bool is_preferred;     /* it gets more of the processors than others */

static bool is_own_namespace(int fd)
{
    struct stat own, other;
    return stat("/proc/self/ns/mnt", &own) == 0 && fstat(fd, &other) == 0 && own.st_dev == other.st_dev &&
           own.st_ino == other.st_ino;
}

int outside_enter_mounts(void)
{
    if (mounts < 0)
        return 0;
    return setns(mounts, CLONE_NEWNS) == 0 && chdir(folder) == 0 ? 0 : errno;
}

/* Raises the score, which needs no right. The score that it had may be taken again by who has none: the kernel offers
   nothing better to a process without CAP_SYS_RESOURCE. */
static int raise_score(void)
{
    int fd = open(SCORE_FILE, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int code = write(fd, SCORE_OF_PROGRAMS, 1) == 1 ? 0 : errno;
    close(fd);
    return code;
}

int outside_drop_protection(void)
{
    if (is_preferred && setpriority(PRIO_PROCESS, 0, 0) != 0)
        return errno;
    return is_protected ? raise_score() : 0;
}

static bool has_protection(void)
{
    char text[16] = "";
    int fd = open(SCORE_FILE, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    return got > 0 && text[0] == '-';
}

static void look_for_protection(void)
{
    is_protected = has_protection();
    is_preferred = getpriority(PRIO_PROCESS, 0) < 0;
}

int os_process_drop_protection(void)
{
    look_for_protection();
    return outside_drop_protection();
}

/* Has a child try it. Returns 0 or the errno. */
static int try_mounts(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(outside_enter_mounts());
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

int os_process_unconfine(struct error *err)
{
    const char *path = getenv(OUTSIDE_VARIABLE);
    look_for_protection();
    if (!path)
        return 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno_error(err, errno, "could not open the programs' mount namespace");
    if (is_own_namespace(fd)) {
        close(fd);
        return 0;
    }
    mounts = fd;
    int code = getcwd(folder, sizeof folder) ? try_mounts() : errno;
    if (code == 0)
        return 0;
    close(mounts);
    mounts = -1;
    return errno_error(err, code, "could not enter the programs' mount namespace");
}
