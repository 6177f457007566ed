/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The thread sleeps in epoll_wait(2). Each pipe is armed for one event, so that one that is paused makes none, not even at
   its end. What is written goes from the pipe to the spool without a copy by this process: splice(2). */
#include "linux/process/pipe.h"
#include "platform/clock.h"
#include "platform/thread.h"
#include "linux/errno.h"
#include "linux/file/file.h"
#include "linux/net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PIPE_ROOM (1 << 20) /* bytes, where the user has so many left; else the system's 64 KiB */
#define EVENTS 32
#define ARM_TRIES 3     /* else the pipe is never looked at again */
#define COPY_SIZE 65536 /* bytes */
#define HASTE_LEN 65536 /* bytes of a round that comes within HASTE_MS of the last one, after which more is let come: */
#define HASTE_MS 1
#define HASTE_NS                                                                                                       \
    100000 /* a pipe of PIPE_ROOM is far from full by then, and each round costs the program that writes, too */

struct os_pipe {
    int fd, child_fd; /* -1: closed */
    bool is_narrow;   /* it has less than PIPE_ROOM, or is none */
    void *context;
};

static const struct os_pipe_reader *pipe_reader;
static int epoll_fd = -1, tick_fd = -1;
static uint8_t copy_bytes[COPY_SIZE]; /* of the thread, as what follows */
static size_t round_len;
static bool round_is_narrow; /* it had a pipe that is soon full, or a terminal */

int os_pipe_new(struct os_pipe **out, bool to_child, struct error *err)
{
    int ends[2];
    *out = NULL;
    struct os_pipe *pipe = malloc(sizeof *pipe);
    if (!pipe)
        return errno_error(err, ENOMEM, NULL);
    if (pipe2(ends, O_CLOEXEC) < 0) {
        int code = errno;
        free(pipe);
        return errno_error(err, code, NULL);
    }
    *pipe = (struct os_pipe){.fd = ends[to_child], .child_fd = ends[!to_child]};
    fcntl(pipe->fd, F_SETFL, fcntl(pipe->fd, F_GETFL) | O_NONBLOCK);
    pipe->is_narrow = to_child || fcntl(pipe->fd, F_SETPIPE_SZ, PIPE_ROOM) < PIPE_ROOM;
    *out = pipe;
    return 0;
}

struct os_pipe *pipe_of(int fd, int child_fd)
{
    struct os_pipe *pipe = malloc(sizeof *pipe);
    if (!pipe) {
        close(fd);
        close(child_fd);
        return NULL;
    }
    *pipe = (struct os_pipe){.fd = fd, .child_fd = child_fd, .is_narrow = true};
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return pipe;
}

int pipe_fd(const struct os_pipe *pipe)
{
    return pipe->fd;
}

int pipe_child_end(const struct os_pipe *pipe)
{
    return fcntl(pipe->child_fd, F_DUPFD_CLOEXEC, 3);
}

void os_pipe_started(struct os_pipe *pipe)
{
    int fd = pipe->child_fd;
    pipe->child_fd = -1;
    if (fd >= 0)
        close(fd);
}

void os_pipe_free(struct os_pipe *pipe)
{
    if (!pipe)
        return;
    os_pipe_started(pipe);
    close(pipe->fd); /* takes it out of the epoll set too */
    free(pipe);
}

/* ---- the thread ---- */

static int arm(struct os_pipe *pipe, int how, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = pipe};
    return epoll_ctl(epoll_fd, how, pipe->fd, &event);
}

static void serve_event(struct os_pipe *pipe)
{
    eventfd_t value;
    if (!pipe) {
        (void)eventfd_read(tick_fd, &value);
        return;
    }
    enum os_pipe_next next = pipe_reader->ready(pipe->context);
    if (next == OS_PIPE_AGAIN)
        os_pipe_resume(pipe);
    else if (next == OS_PIPE_DONE)
        os_pipe_free(pipe);
}

/* Lets more come where little comes again and again. */
static void end_round(int64_t *last_ms)
{
    static const struct timespec moment = {.tv_nsec = HASTE_NS};
    int64_t now_ms = os_clock_ms();
    if (round_len > 0 && round_len < HASTE_LEN && !round_is_narrow && now_ms - *last_ms <= HASTE_MS)
        nanosleep(&moment, NULL);
    *last_ms = now_ms;
    round_len = 0;
    round_is_narrow = false;
}

static void pipe_thread(void *context)
{
    struct epoll_event events[EVENTS];
    int64_t last_ms = 0;
    (void)context;
    for (;;) {
        int64_t left = os_time_left(pipe_reader->tick());
        int count = epoll_wait(epoll_fd, events, EVENTS, left > INT_MAX ? -1 : (int)left);
        for (int i = 0; i < count; i++)
            serve_event(events[i].data.ptr);
        end_round(&last_ms);
    }
}

static int open_events(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    tick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return epoll_fd < 0 || tick_fd < 0 ? -1 : epoll_ctl(epoll_fd, EPOLL_CTL_ADD, tick_fd, &event);
}

static void close_events(void)
{
    if (epoll_fd >= 0)
        close(epoll_fd);
    if (tick_fd >= 0)
        close(tick_fd);
    epoll_fd = tick_fd = -1;
}

int os_pipes_start(const struct os_pipe_reader *reader, struct error *err)
{
    if (pipe_reader)
        return 0;
    int status = open_events() < 0 ? errno_error(err, errno, NULL) : 0;
    pipe_reader = reader;
    if (status == 0)
        status = os_thread_start(pipe_thread, NULL, err);
    if (status) {
        close_events();
        pipe_reader = NULL;
    }
    return status;
}

int os_pipe_watch(struct os_pipe *pipe, void *context, struct error *err)
{
    pipe->context = context;
    if (arm(pipe, EPOLL_CTL_ADD, EPOLLIN | EPOLLONESHOT) == 0)
        return 0;
    return errno_error(err, errno, NULL);
}

void os_pipe_resume(struct os_pipe *pipe)
{
    for (int i = 0; i < ARM_TRIES && arm(pipe, EPOLL_CTL_MOD, EPOLLIN | EPOLLONESHOT) < 0; i++)
        os_sleep_ms(1);
}

void os_pipes_tick(void)
{
    (void)eventfd_write(tick_fd, 1);
}

/* ---- moving ---- */

static int write_at(struct os_file *file, uint64_t at, size_t len, struct error *err)
{
    for (size_t done = 0; done < len;) {
        ssize_t wrote = pwrite(file->fd, copy_bytes + done, len - done, (off_t)(at + done));
        if (wrote > 0)
            done += (size_t)wrote;
        else if (wrote == 0 || errno != EINTR)
            return errno_error(err, wrote ? errno : ENOSPC, NULL);
    }
    return 0;
}

/* Copies, where the file can't be spliced to, or there is none. */
static int move_by_copy(struct os_pipe *pipe, struct os_file *file, uint64_t at, size_t max, size_t *got,
                        struct error *err)
{
    ssize_t len = read(pipe->fd, copy_bytes, max < COPY_SIZE ? max : COPY_SIZE);
    if (len < 0 && errno == EIO)
        return 0; /* of a terminal that no program has open any more */
    if (len < 0)
        return errno == EAGAIN || errno == EINTR ? OS_PIPE_EMPTY : errno_error(err, errno, NULL);
    *got = (size_t)len;
    return len && file ? write_at(file, at, (size_t)len, err) : 0;
}

int os_pipe_move(struct os_pipe *pipe, struct os_file *file, uint64_t at, size_t max, size_t *got, struct error *err)
{
    loff_t place = (loff_t)at;
    *got = 0;
    ssize_t len = file ? splice(pipe->fd, NULL, file->fd, &place, max, SPLICE_F_NONBLOCK | SPLICE_F_MOVE) : -1;
    round_is_narrow |= pipe->is_narrow;
    if (len >= 0) {
        *got = (size_t)len;
        round_len += (size_t)len;
        return 0;
    }
    if (!file || errno == EINVAL || errno == ENOSYS)
        return move_by_copy(pipe, file, at, max, got, err);
    return errno == EAGAIN || errno == EINTR ? OS_PIPE_EMPTY : errno_error(err, errno, NULL);
}

/* Waits until the pipe takes more, or nobody reads it; or returns ERR_CLOSED when the client hangs up. */
static int await_room(const struct os_pipe *pipe, const struct os_socket *client, struct error *err)
{
    struct pollfd items[2] = {{.fd = pipe->fd, .events = POLLOUT}, {.fd = socket_fd(client), .events = POLLRDHUP}};
    while (poll(items, 2, -1) < 0)
        if (errno != EINTR)
            return errno_error(err, errno, NULL);
    return items[1].revents ? error_set(err, ERR_CLOSED, "the client left while it wrote to a program") : 0;
}

int os_pipe_write(struct os_pipe *pipe, const void *bytes, size_t len, struct os_socket *client, size_t *done,
                  struct error *err)
{
    int status = 0;
    *done = 0;
    while (*done < len && status == 0) {
        ssize_t wrote = write(pipe->fd, (const char *)bytes + *done, len - *done);
        if (wrote >= 0)
            *done += (size_t)wrote;
        else if (errno == EAGAIN)
            status = await_room(pipe, client, err);
        else if (errno == EPIPE || errno == EIO)
            status = error_set(err, ERR_UNAVAILABLE, "nobody reads it any more");
        else if (errno != EINTR)
            status = errno_error(err, errno, NULL);
    }
    return status;
}

/* ---- an upgrade ---- */

void os_pipes_quiet(void) {}

void os_pipes_go_on(void) {}

void os_pipe_save(struct os_pipe *pipe, struct buffer *out)
{
    fcntl(pipe->fd, F_SETFD, 0);
    buffer_printf(out, "%d", pipe->fd);
}

static bool is_stream(int fd)
{
    int number;
    return fcntl(fd, F_GETPIPE_SZ) > 0 || ioctl(fd, TIOCGPTN, &number) == 0;
}

int os_pipe_adopt(struct os_pipe **out, const char *saved)
{
    int fd = atoi(saved);
    *out = NULL;
    struct os_pipe *pipe = fd > 2 && is_stream(fd) ? malloc(sizeof *pipe) : NULL;
    if (!pipe)
        return ERR_INVALID;
    *pipe = (struct os_pipe){.fd = fd, .child_fd = -1, .is_narrow = fcntl(fd, F_GETPIPE_SZ) < PIPE_ROOM};
    *out = pipe;
    return 0;
}

void os_pipe_adopted(struct os_pipe *pipe)
{
    fcntl(pipe->fd, F_SETFD, FD_CLOEXEC);
}
