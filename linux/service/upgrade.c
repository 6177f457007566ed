/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* execve() keeps the pid, the children and their statuses; a memfd carries the rest. */
#include "platform/upgrade.h"
#include "platform/arguments.h"
#include "platform/clock.h"
#include "platform/upgrade_check.h"
#include "linux/errno.h"
#include "linux/gpu/kernel_log.h"
#include "linux/net/listener.h"
#include "linux/process/launch.h"
#include "linux/process/watch.h"
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
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEAD_MAX (1u << 20)   /* bytes */
#define STATE_MAX (64u << 20) /* bytes */
#define RESUME_TRIES 4        /* of an executable that can't start for want of memory, say */
#define RESUME_PAUSE_MS 200

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

/* ---- the check ---- */

struct os_check {
    pid_t pid;
    int fd; /* what it says */
};

struct checked {
    const char *path;
    const char *const *argv;
};

/* Becomes what is checked, in the child, where only system calls are safe; a failure is what it says. */
static int become_checked(void *context)
{
    const struct checked *checked = context;
    execv(checked->path, (char *const *)(uintptr_t)checked->argv);
    const char *reason = strerror(errno); /* the C locale's texts need no memory */
    if (write(2, reason, strlen(reason)) < 0)
        _exit(126);
    _exit(127);
}

int os_check_start(struct os_check **out, const char *path, const char *const *argv, struct error *err)
{
    int fds[2];
    struct checked checked = {path, argv};
    struct os_check *check = malloc(sizeof *check);
    *out = NULL;
    if (!check || pipe2(fds, O_CLOEXEC) < 0) {
        int code = check ? errno : ENOMEM;
        free(check);
        return errno_error(err, code, "unable to start the new server");
    }
    struct launch how = {.standard = {-1, fds[1], fds[1]}, .become = become_checked, .context = &checked};
    int status = launch(&how, &check->pid, NULL, err);
    close(fds[1]);
    if (status) {
        close(fds[0]);
        free(check);
        return error_prefix(err, status, "unable to start the new server");
    }
    check->fd = fds[0];
    *out = check;
    return 0;
}

int os_check_read(struct os_check *check, void *bytes, size_t max, int64_t deadline_ms)
{
    ssize_t got = poll_until(check->fd, POLLIN, deadline_ms) ? read(check->fd, bytes, max) : 0;
    return got > 0 ? (int)got : 0;
}

int64_t os_check_end(struct os_check *check, int64_t deadline_ms)
{
    int status;
    pid_t done;
    close(check->fd);
    while ((done = waitpid(check->pid, &status, WNOHANG)) == 0) {
        if (os_time_left(deadline_ms) == 0)
            kill(check->pid, SIGKILL);
        os_sleep_ms(5);
    }
    bool reaped = done == check->pid;
    reap_disown(check->pid);
    free(check);
    return reaped ? status : -1;
}

/* ---- the upgrade ---- */

/* Returns a descriptor that survives exec: a line with the listener's, "3" or "3,4", and the pids of the children that are
   not in the state, then the state. */
static int pack_state(const int *listeners, int count, struct slice state, struct error *err)
{
    struct buffer head;
    int fd = memfd_create("periscoped-state", 0);
    if (fd < 0)
        return errno_error(err, errno, "unable to start the new server");
    buffer_init(&head, HEAD_MAX);
    for (int i = 0; i < count; i++)
        buffer_printf(&head, "%s%d", i ? "," : "", listeners[i]);
    reap_save(&head);
    buffer_append(&head, "\n", 1);
    bool written = !head.failed && write(fd, head.data, head.len) == (ssize_t)head.len &&
                   write(fd, state.data, state.len) == (ssize_t)state.len;
    buffer_deinit(&head);
    if (written)
        return fd;
    close(fd);
    return error_set(err, ERR_SYSTEM, "unable to start the new server: its state could not be written");
}

static void set_inherited(const int *fds, int count, int flags)
{
    for (int i = 0; i < count; i++)
        fcntl(fds[i], F_SETFD, flags);
}

int os_upgrade_exec(const char *path, const char *const *argv, struct os_listener *listener, struct slice state,
                    struct error *err)
{
    char option[48];
    int ports[OS_LISTEN_MAX], count = listener_fds(listener, ports);
    int fd = pack_state(ports, count, state, err);
    if (fd < 0)
        return fd;
    snprintf(option, sizeof option, "--resume=%d", fd);
    const char **list = os_arguments_with(argv[0], option, argv);
    int code = ENOMEM;
    if (list) {
        set_inherited(ports, count, 0);
        watch_let_end(true);
        kernel_log_hand_over();
        execv(path, (char *const *)(uintptr_t)list);
        code = errno;
        kernel_log_keep();
        watch_let_end(false);
        set_inherited(ports, count, FD_CLOEXEC);
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

/* What was handed over stays open until the take-over has ended: the next try needs it. */
static int kept_state = -1, kept_listeners[OS_LISTEN_MAX], kept_count;
static bool take_over_ended;

/* Takes the descriptors "3,4" of the listener. Returns what is behind them, or NULL. */
static char *take_listeners(char *text)
{
    char *end = text;
    for (;;) {
        long fd = strtol(text, &end, 10);
        if (end == text || fd < 3 || fd > INT_MAX || kept_count == OS_LISTEN_MAX)
            return NULL;
        kept_listeners[kept_count++] = (int)fd;
        if (*end != ',')
            return end;
        text = end + 1;
    }
}

static int adopt_listeners(struct os_listener **listener, struct error *err)
{
    int own[OS_LISTEN_MAX], count = 0;
    for (; count < kept_count; count++) {
        fcntl(kept_listeners[count], F_SETFL, O_NONBLOCK);
        own[count] = fcntl(kept_listeners[count], F_DUPFD_CLOEXEC, 3);
        if (own[count] < 0)
            break;
    }
    if (count == kept_count)
        return listener_adopt(listener, own, count, err);
    int status = errno_error(err, errno, "unable to take over the port");
    while (count > 0)
        close(own[--count]);
    return status;
}

int os_upgrade_resume(const char *token, struct os_listener **listener, struct buffer *state, struct error *err)
{
    int fd = atoi(token);
    char *pids = NULL, *head_end = NULL;
    *listener = NULL;
    if (fd >= 3 && read_state(fd, state) == 0)
        pids = take_listeners((char *)state->data);
    if (pids)
        head_end = strchr(pids, '\n');
    if (!head_end)
        return error_set(err, ERR_INVALID, "--resume: '%s' is not what an upgrade hands over", token);
    kept_state = fd;
    *head_end++ = '\0';
    reap_restore(pids);
    state->len -= (size_t)(head_end - (char *)state->data);
    memmove(state->data, head_end, state->len);
    return adopt_listeners(listener, err);
}

void os_upgrade_done(void)
{
    take_over_ended = true;
    if (kept_state >= 0)
        close(kept_state);
    while (kept_count > 0)
        close(kept_listeners[--kept_count]);
    kept_state = -1;
}

void os_upgrade_again(char **argv, const char *option)
{
    static char next[48];
    char path[PATH_MAX];
    int fd, tries = 1;
    if (take_over_ended || sscanf(option, "--resume=%d,%d", &fd, &tries) < 1 || tries >= RESUME_TRIES ||
        lseek(fd, 0, SEEK_END) <= 0)
        return;
    snprintf(next, sizeof next, "--resume=%d,%d", fd, tries + 1);
    argv[1] = next;
    os_sleep_ms(RESUME_PAUSE_MS);
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    path[len > 0 ? len : 0] = '\0';
    kernel_log_hand_over();
    execv(path, argv);
    execv("/proc/self/exe", argv); /* where the file has no name any more */
}

/* ---- going to the background ---- */

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
