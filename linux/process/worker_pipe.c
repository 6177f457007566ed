/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/worker_pipe.h"
#include "linux/errno.h"
#include "linux/waker.h"
#include "platform/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#define LOWEST_FD 3 /* the protocol keeps off 0 to 2 */

struct os_worker_pipe {
    int in, out; /* owned */
};

/* What finding the sources takes, and giving each to a process with the rights for it. Not the clock, for one. */
static const uint64_t worker_capabilities = 1ull << CAP_DAC_READ_SEARCH | 1ull << CAP_KILL | 1ull << CAP_SETGID |
                                            1ull << CAP_SETUID | 1ull << CAP_SYS_ADMIN | 1ull << CAP_SYS_PTRACE;

/* Returns 0, or the errno. */
static int take_over(struct os_worker_pipe *pipe)
{
    int code = 0, null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    pipe->in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, LOWEST_FD);
    pipe->out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, LOWEST_FD);
    if (null < 0 || pipe->in < 0 || pipe->out < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        code = errno;
    if (null > STDIN_FILENO)
        close(null);
    return code;
}

int os_worker_pipe_open(struct os_worker_pipe **out, struct error *err)
{
    struct os_worker_pipe *pipe = calloc(1, sizeof *pipe);
    *out = NULL;
    if (!pipe)
        return error_set(err, ERR_NO_MEMORY, "no memory to talk with the agent");
    int code = take_over(pipe);
    if (code != 0) {
        free(pipe); /* what was duplicated goes with the process */
        return errno_error(err, code, "could not take over standard input and output");
    }
    code = os_process_keep_capabilities(worker_capabilities);
    if (code != 0) {
        free(pipe);
        return errno_error(err, code, "could not give up the agent's rights");
    }
    *out = pipe;
    return 0;
}

int os_worker_pipe_read(struct os_worker_pipe *pipe, void *bytes, size_t max, int64_t deadline_ms, struct error *err)
{
    if (max > INT_MAX)
        max = INT_MAX;
    if (poll_until(pipe->in, POLLIN, deadline_ms) == 0)
        return error_set(err, ERR_TIMEOUT, "no request came from the agent in time");
    for (;;) {
        ssize_t got = read(pipe->in, bytes, max);
        if (got >= 0)
            return (int)got;
        if (errno != EINTR)
            return errno_error(err, errno, "could not read from the agent");
    }
}

/* Takes the first len bytes, those written, off the parts. */
static void drop_written(struct iovec *parts, size_t count, size_t len)
{
    for (size_t i = 0; i < count; i++) {
        size_t step = len < parts[i].iov_len ? len : parts[i].iov_len;
        parts[i].iov_base = (char *)parts[i].iov_base + step;
        parts[i].iov_len -= step;
        len -= step;
    }
}

int os_worker_pipe_write(struct os_worker_pipe *pipe, const struct slice *parts, size_t count, struct error *err)
{
    struct iovec left[OS_WORKER_PIPE_PARTS_MAX];
    size_t total = 0;
    int filled = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len == 0)
            continue;
        left[filled].iov_base = (void *)(uintptr_t)parts[i].data; /* only read */
        left[filled++].iov_len = parts[i].len;
        total += parts[i].len;
    }
    while (total > 0) {
        ssize_t written = writev(pipe->out, left, filled);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno_error(err, errno, "could not write to the agent");
        drop_written(left, (size_t)filled, (size_t)written);
        total -= (size_t)written;
    }
    return 0;
}
