/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/process/launch.h"
#include "linux/errno.h"
#include "linux/fork_window.h"
#include "linux/process/outside.h"
#include "linux/process/reap.h"
#include "linux/process/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DUP_TRIES 3

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/* ---- the child, where only system calls are safe ---- */

static void close_between(unsigned first, unsigned last)
{
    struct rlimit limit;
    if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
        return;
    /* Before Linux 5.9. */
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        for (unsigned fd = first; fd <= last && fd < limit.rlim_cur; fd++)
            close((int)fd);
}

static void report_code(int report, int code)
{
    ssize_t done;
    while ((done = write(report, &code, sizeof code)) < 0 && errno == EINTR)
        ;
    if (done != sizeof code)
        _exit(1);
}

/* Puts a descriptor in the place of a standard one. EBUSY is of a place that another thread is just filling. */
static int replace_standard(int fd, int standard)
{
    int got = -1;
    for (int i = 0; i < DUP_TRIES && got < 0; i++)
        got = dup2(fd, standard);
    return got < 0 ? errno : 0;
}

static int set_standard(const struct launch *launch)
{
    int code = 0;
    for (int i = 0; i < 3 && code == 0; i++)
        if (launch->standard[i] >= 0)
            code = replace_standard(launch->standard[i], i);
    return code;
}

static int launch_become(const struct launch *launch)
{
    if (launch->new_session)
        setsid();
    signals_reset();
    return launch->become(launch->context);
}

static _Noreturn void launch_child(const struct launch *launch, int pipe_end, bool tells)
{
    int report = fcntl(pipe_end, F_DUPFD_CLOEXEC, 3); /* where no standard descriptor goes */
    int code = report < 0 ? errno : set_standard(launch);
    if (report < 0)
        report = pipe_end;
    if (code == 0 && launch->outside)
        code = outside_enter_mounts(); /* by a descriptor that is closed next */
    close_between(3, (unsigned)report - 1);
    close_between((unsigned)report + 1, ~0u);
    report_code(report, 0);
    if (code == 0)
        code = launch_become(launch);
    if (tells)
        report_code(report, code);
    _exit(1);
}

/* ---- the parent ---- */

static bool read_code(int fd, int *code)
{
    ssize_t got;
    while ((got = read(fd, code, sizeof *code)) < 0 && errno == EINTR)
        ;
    return got == sizeof *code;
}

/* Waits until the child has closed its copies; one that was killed has when it is dead. */
static void wait_for_closed(int fd, pid_t pid)
{
    int code;
    siginfo_t info;
    if (read_code(fd, &code))
        return;
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
        ;
}

/* Forks, and returns once the child has closed its copies; fd is the end of the pipe that it reports to. */
static int launch_fork(const struct launch *launch, pid_t *pid, int *fd, bool tells)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return errno;
    *pid = fork();
    if (*pid == 0)
        launch_child(launch, ends[1], tells);
    int code = *pid < 0 ? errno : 0;
    close(ends[1]);
    if (code == 0) {
        reap_own(*pid);
        wait_for_closed(ends[0], *pid);
        *fd = ends[0];
    } else {
        close(ends[0]);
    }
    return code;
}

int launch(const struct launch *launch, pid_t *pid, int *report, struct error *err)
{
    struct fork_window window;
    int fd = -1;
    if (!fork_window_begin(&window))
        return error_set(err, ERR_UNAVAILABLE, "the agent is about to become another executable");
    int code = launch_fork(launch, pid, &fd, report != NULL);
    fork_window_end(&window);
    if (code)
        return errno_error(err, code, NULL);
    if (report)
        *report = fd;
    else
        close(fd);
    return 0;
}

int launch_wait_for_exec(int report)
{
    int code = 0;
    if (!read_code(report, &code))
        code = 0;
    close(report);
    return code;
}
