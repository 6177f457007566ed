/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/process/init.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

#define SIGNALLED 128 /* a shell's exit status of what a signal has ended, without the signal's number */

/* Collects all that has exited. Returns whether the agent has, with its status word. */
static bool init_reap(pid_t agent, int *status)
{
    int word;
    bool ended = false;
    for (pid_t pid; (pid = waitpid(-1, &word, WNOHANG)) > 0;) {
        if (pid == agent) {
            *status = word;
            ended = true;
        }
    }
    return ended;
}

static _Noreturn void init_main(pid_t agent, const sigset_t *signals)
{
    int status = 0;
    syscall(SYS_close_range, 3, ~0u, 0);
    for (;;) {
        siginfo_t info;
        int number = sigwaitinfo(signals, &info);
        if (number > 0 && number != SIGCHLD)
            kill(agent, number);
        if (init_reap(agent, &status))
            _exit(WIFEXITED(status) ? WEXITSTATUS(status) : SIGNALLED + WTERMSIG(status));
    }
}

/* Returns whether this process has children, of an agent that it was before an upgrade: they would stay its own. */
static bool has_children(void)
{
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

void init_begin(void)
{
    static const int passed_on[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD};
    sigset_t signals, before;
    if (getpid() != 1 || has_children())
        return;
    sigemptyset(&signals);
    for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++)
        sigaddset(&signals, passed_on[i]);
    signal(SIGCHLD, SIG_DFL); /* ignored, it would leave no status */
    sigprocmask(SIG_BLOCK, &signals, &before);
    pid_t agent = fork();
    if (agent > 0)
        init_main(agent, &signals);
    sigprocmask(SIG_SETMASK, &before, NULL); /* the agent, or all there is without a second process */
}
