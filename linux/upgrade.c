/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* execve() keeps the pid, the children and their statuses; a memfd carries the rest. */
#include "platform/upgrade.h"
#include "platform/clock.h"
#include "linux/errno.h"
#include "linux/listener.h"
#include "linux/process/reap.h"
#include "linux/process/signals.h"
#include "linux/waker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK_MS 10000
#define CHECK_ANSWER_SIZE 256 /* bytes of what it says that are looked at */
#define REAP_MS 500
#define STATE_MAX (64u << 20) /* bytes */

int os_self_path(struct buffer *out, struct error *err)
{
    static const char gone[] = " (deleted)";
    const ssize_t gone_len = sizeof gone - 1;
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path);
    if (len < 0)
        return errno_error(err, errno, "unable to get the process filename");
    if (len >= PATH_MAX)
        return errno_error(err, ENAMETOOLONG, "unable to get the process filename");
    if (len > gone_len && memcmp(path + len - gone_len, gone, (size_t)gone_len) == 0)
        len -= gone_len; /* a package's update has replaced the file: the name is still ours */
    if (!buffer_append(out, path, (size_t)len) || !buffer_append(out, "", 1))
        return error_set(err, ERR_NO_MEMORY, "no memory for the process filename");
    return 0;
}

static size_t count_arguments(const char *const *argv)
{
    size_t count = 0;
    while (argv[count])
        count++;
    return count;
}

/* path, first, argv[1]...; a new array of borrowed strings. */
static const char **with_option(const char *path, const char *option, const char *const *argv)
{
    size_t count = count_arguments(argv);
    const char **list = calloc(count + 3, sizeof *list);
    if (!list)
        return NULL;
    list[0] = path;
    list[1] = option;
    for (size_t i = 1; i < count; i++)
        list[i + 1] = argv[i];
    return list;
}

static _Noreturn void check_child(const char *path, const char *const *argv, int out)
{
    dup2(out, 1);
    dup2(out, 2);
    signals_reset();
    execv(path, (char *const *)(uintptr_t)argv);
    const char *reason = strerror(errno); /* the C locale's texts need no memory */
    if (write(2, reason, strlen(reason)) < 0)
        _exit(126);
    _exit(127);
}

/* Reads until end of file or the deadline; a NUL follows what was read. */
static void read_answer(int fd, char answer[CHECK_ANSWER_SIZE], int64_t deadline_ms)
{
    size_t len = 0;
    char scrap[256];
    while (poll_until(fd, POLLIN, deadline_ms)) {
        bool full = len == CHECK_ANSWER_SIZE - 1;
        ssize_t got = full ? read(fd, scrap, sizeof scrap) : read(fd, answer + len, CHECK_ANSWER_SIZE - 1 - len);
        if (got <= 0)
            break;
        if (!full)
            len += (size_t)got;
    }
    answer[len] = 0;
}

/* The wait status; a process that does not end is killed. */
static int end_check(pid_t pid, int64_t deadline_ms)
{
    int status;
    pid_t done;
    while ((done = waitpid(pid, &status, WNOHANG)) == 0) {
        if (os_time_left(deadline_ms) == 0)
            kill(pid, SIGKILL);
        os_sleep_ms(5);
    }
    return done == pid ? status : -1;
}

static int run_check(const char *path, const char *const *argv, struct error *err)
{
    int fds[2];
    char answer[CHECK_ANSWER_SIZE];
    int64_t deadline = os_deadline(CHECK_MS);
    if (pipe2(fds, O_CLOEXEC) < 0)
        return errno_error(err, errno, "unable to start the new server");
    pid_t pid = fork();
    int code = errno;
    if (pid == 0)
        check_child(path, argv, fds[1]);
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        return errno_error(err, code, "unable to start the new server");
    }
    read_answer(fds[0], answer, deadline);
    close(fds[0]);
    int status = end_check(pid, deadline);
    if (status == 0 && strncmp(answer, "periscoped ", 11) == 0)
        return 0;
    answer[strcspn(answer, "\r\n")] = 0;
    return error_set(err, ERR_INVALID,
                     "unable to start the new server: '%s' is not a periscoped that takes this command "
                     "line (wait status %d, it says '%s')",
                     path, status, answer);
}

int os_upgrade_check(const char *path, const char *const *argv, struct error *err)
{
    const char **checked = with_option(path, "--check", argv);
    if (!checked)
        return error_set(err, ERR_NO_MEMORY, "no memory to start the new server");
    int status = run_check(path, checked, err);
    free(checked);
    return status;
}

/* A descriptor that survives exec: first a line with the listener's, then the state. */
static int pack_state(int listener, struct slice state, struct error *err)
{
    char head[32];
    int len = snprintf(head, sizeof head, "%d\n", listener);
    int fd = memfd_create("periscoped-state", 0);
    if (fd < 0)
        return errno_error(err, errno, "unable to start the new server");
    if (write(fd, head, (size_t)len) == len && write(fd, state.data, state.len) == (ssize_t)state.len)
        return fd;
    close(fd);
    return error_set(err, ERR_SYSTEM, "unable to start the new server: its state could not be written");
}

int os_upgrade_exec(const char *path, const char *const *argv, struct os_listener *listener, struct slice state,
                    struct error *err)
{
    char option[48];
    int port = listener_fd(listener);
    int fd = pack_state(port, state, err);
    if (fd < 0)
        return fd;
    snprintf(option, sizeof option, "--resume=%d", fd);
    reap_within(REAP_MS);
    const char **list = with_option(argv[0], option, argv);
    int code = ENOMEM;
    if (list) {
        fcntl(port, F_SETFD, 0);
        execv(path, (char *const *)(uintptr_t)list);
        code = errno;
        fcntl(port, F_SETFD, FD_CLOEXEC);
        free(list);
    }
    close(fd);
    return errno_error(err, code, "unable to start the new server");
}

static int read_state(int fd, struct buffer *state)
{
    off_t size = lseek(fd, 0, SEEK_END);
    if (size <= 0 || size > STATE_MAX)
        return ERR_INVALID;
    uint8_t *bytes = buffer_extend(state, (size_t)size);
    if (!bytes || pread(fd, bytes, (size_t)size, 0) != size || !buffer_append(state, "", 1))
        return ERR_INVALID;
    return 0;
}

int os_upgrade_resume(const char *token, struct os_listener **listener, struct buffer *state, struct error *err)
{
    int fd = atoi(token), port = -1, len = 0;
    *listener = NULL;
    if (fd < 3 || read_state(fd, state) || sscanf((char *)state->data, "%d\n%n", &port, &len) != 1 || port < 3)
        return error_set(err, ERR_INVALID, "--resume: '%s' is not what an upgrade hands over", token);
    close(fd);
    memmove(state->data, state->data + len, state->len - (size_t)len);
    state->len -= (size_t)len;
    fcntl(port, F_SETFD, FD_CLOEXEC);
    fcntl(port, F_SETFL, O_NONBLOCK);
    return listener_adopt(listener, port, err);
}

static int ready_fd = -1;

int os_detach(struct error *err)
{
    int fds[2];
    char byte;
    if (pipe2(fds, O_CLOEXEC) < 0)
        return errno_error(err, errno, "could not detach");
    pid_t pid = fork();
    if (pid < 0)
        return errno_error(err, errno, "could not detach");
    if (pid > 0) {
        close(fds[1]);
        _exit(read(fds[0], &byte, 1) == 1 ? 0 : 1);
    }
    close(fds[0]);
    setsid();
    ready_fd = fds[1];
    return 0;
}

void os_detach_ready(void)
{
    if (ready_fd < 0)
        return;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = 0; i < 3 && null >= 0; i++)
        dup2(null, i);
    if (null > 2)
        close(null);
    if (write(ready_fd, "", 1) == 1)
        close(ready_fd);
    ready_fd = -1;
}
