/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/worker.h"
#include "platform/clock.h"
#include "platform/process.h"
#include "linux/errno.h"
#include "linux/process/launch.h"
#include "linux/process/reap.h"
#include "linux/waker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

struct os_worker {
    pid_t pid;
    int pid_fd; /* names it even when it has been reaped; -1 before Linux 5.3 */
    int fd;     /* our end of a socket pair, non-blocking */
};

/* Becomes the worker, in the child, where only system calls are safe. */
static int become_worker(void *context)
{
    /* By this link also when an upgrade has given the file's name to another. */
    const char *argv[] = {"periscoped", context, NULL};
    execv("/proc/self/exe", (char *const *)(uintptr_t)argv);
    return errno;
}

int os_worker_start(struct os_worker **out, const char *argument, struct error *err)
{
    int pair[2];
    *out = NULL;
    struct os_worker *worker = malloc(sizeof *worker);
    if (!worker)
        return error_set(err, ERR_NO_MEMORY, "no memory to start the capture worker");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        int code = errno;
        free(worker);
        return errno_error(err, code, "could not start the capture worker");
    }
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    worker->fd = pair[0];
    struct launch how = {.standard = {pair[1], pair[1], -1},
                         .new_session = true,
                         .outside = true,
                         .become = become_worker,
                         .context = (void *)(uintptr_t)argument};
    int status = launch(&how, &worker->pid, NULL, err);
    close(pair[1]);
    if (status) {
        close(pair[0]);
        free(worker);
        return error_prefix(err, status, "could not start the capture worker");
    }
    /* It may end by itself at any time, and must not wait for its next request to be reaped. */
    worker->pid_fd = (int)syscall(SYS_pidfd_open, worker->pid, 0);
    if (worker->pid_fd >= 0)
        reap_later(worker->pid);
    *out = worker;
    return 0;
}

int os_worker_write(struct os_worker *worker, const void *bytes, size_t len, int64_t deadline_ms, struct error *err)
{
    const char *next = bytes;
    while (len > 0) {
        ssize_t sent = send(worker->fd, next, len, MSG_NOSIGNAL);
        if (sent >= 0) {
            next += sent;
            len -= (size_t)sent;
        } else if (errno == EAGAIN) {
            if (poll_until(worker->fd, POLLOUT, deadline_ms) == 0)
                return error_set(err, ERR_TIMEOUT, "the capture worker takes no request");
        } else if (errno != EINTR) {
            return errno_error(err, errno, "the capture worker ended");
        }
    }
    return 0;
}

int os_worker_read(struct os_worker *worker, void *bytes, size_t max, int64_t deadline_ms, struct error *err)
{
    if (max > INT_MAX)
        max = INT_MAX;
    for (;;) {
        ssize_t got = recv(worker->fd, bytes, max, 0);
        if (got >= 0)
            return (int)got;
        if (errno == ECONNRESET)
            return 0;
        if (errno != EAGAIN && errno != EINTR)
            return errno_error(err, errno, "the capture worker ended");
        if (errno == EAGAIN && poll_until(worker->fd, POLLIN, deadline_ms) == 0)
            return error_set(err, ERR_TIMEOUT, "the capture worker did not answer in time");
    }
}

void os_worker_stuck_in(struct os_worker *worker, char *text, size_t size)
{
    os_process_waits_in((uint64_t)worker->pid, text, size);
}

void os_worker_stop(struct os_worker *worker)
{
    if (!worker)
        return;
    close(worker->fd);
    if (worker->pid_fd >= 0) {
        syscall(SYS_pidfd_send_signal, worker->pid_fd, SIGKILL, NULL, 0);
        close(worker->pid_fd);
    } else {
        kill(worker->pid, SIGKILL);
        reap_later(worker->pid);
    }
    free(worker);
}
