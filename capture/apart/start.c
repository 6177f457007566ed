/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting and ending a process apart. */
#include "capture/apart/private.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Makes the memory, whose size nobody can change: a mapping of it never faults. Returns its descriptor or -1. */
static int apart_make_memory(void)
{
    int fd = memfd_create("periscope-picture", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd >= 0 && (ftruncate(fd, (off_t)(APART_NOTE_SIZE + APART_PIXELS_MAX)) != 0 ||
                    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

bool apart_map(struct apart *apart, size_t pixels)
{
    size_t size = APART_NOTE_SIZE + pixels;
    if (apart->map_size >= size)
        return true;
    void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, apart->memory, 0);
    if (map == MAP_FAILED)
        return false;
    if (apart->map)
        munmap(apart->map, apart->map_size);
    apart->map = map;
    apart->map_size = size;
    return true;
}

/* Moves a descriptor to its place without closing what another one needs there. */
static bool apart_place_fds(int socket, int memory)
{
    int high_socket = fcntl(socket, F_DUPFD, APART_MEMORY_FD + 1);
    int high_memory = fcntl(memory, F_DUPFD, APART_MEMORY_FD + 1);
    if (high_socket < 0 || high_memory < 0 || dup2(high_socket, APART_SOCKET_FD) < 0 ||
        dup2(high_memory, APART_MEMORY_FD) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return false;
    close(high_socket);
    close(high_memory);
    return true;
}

static _Noreturn void apart_execute(struct apart *apart, int socket, char **argv)
{
    if (!apart_place_fds(socket, apart->memory))
        _exit(127);
    execv("/proc/self/exe", argv);
    _exit(127);
}

static void apart_free(struct apart *apart)
{
    buffer_deinit(&apart->begun);
    if (apart->map)
        munmap(apart->map, apart->map_size);
    if (apart->memory >= 0)
        close(apart->memory);
    if (apart->fd >= 0)
        close(apart->fd);
    if (apart->pid_fd >= 0)
        close(apart->pid_fd);
    free(apart);
}

static int apart_refuse_start(struct apart *apart, const char *backend, struct error *err)
{
    int code = errno;
    apart_free(apart);
    return error_set(err, ERR_SYSTEM, "could not start the process for %s: %s", backend, strerror(code));
}

/* Forks the process, which has the other end of apart->fd. Returns false with errno set. */
static bool apart_fork(struct apart *apart, char **argv)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    apart->fd = pair[0];
    apart->pid = fork();
    if (apart->pid == 0)
        apart_execute(apart, pair[1], argv);
    int code = errno;
    close(pair[1]);
    if (apart->pid > 0)
        apart->pid_fd = (int)syscall(SYS_pidfd_open, apart->pid, 0);
    errno = code;
    return apart->pid > 0;
}

int apart_start(struct apart **out, const char *backend, const struct apart_rights *rights, struct error *err)
{
    char uid[16], gid[16], parent[16];
    struct apart *apart = calloc(1, sizeof *apart);
    char *argv[] = {"periscoped",
                    CAPTURE_SOURCE_ARGUMENT,
                    (char *)(uintptr_t)backend,
                    parent,
                    rights->admin ? "admin" : "none",
                    rights->changes_user ? uid : NULL,
                    gid,
                    NULL};
    *out = NULL;
    if (!apart)
        return error_set(err, ERR_NO_MEMORY, "no memory to start the process for %s", backend);
    snprintf(uid, sizeof uid, "%u", (unsigned)rights->uid);
    snprintf(gid, sizeof gid, "%u", (unsigned)rights->gid);
    snprintf(parent, sizeof parent, "%d", (int)getpid());
    while (waitpid(-1, NULL, WNOHANG) > 0) /* of those before it, which were not waited for */
        ;
    apart->fd = apart->pid_fd = -1;
    buffer_init(&apart->begun, APART_REQUEST_MAX);
    apart->memory = apart_make_memory();
    if (apart->memory < 0 || !apart_map(apart, 0) || !apart_fork(apart, argv))
        return apart_refuse_start(apart, backend, err);
    *out = apart;
    return 0;
}

void apart_stop(struct apart *apart)
{
    if (!apart)
        return;
    int signal = apart->has_input ? SIGHUP : SIGKILL; /* by SIGHUP it ends when it has let go */
    if (apart->pid_fd >= 0)
        syscall(SYS_pidfd_send_signal, apart->pid_fd, signal, NULL, 0);
    else
        kill(apart->pid, signal);
    waitpid(apart->pid, NULL, WNOHANG);
    apart_free(apart);
}

bool apart_is_usable(const struct apart *apart)
{
    return !apart->broken;
}

pid_t apart_pid(const struct apart *apart)
{
    return apart->pid;
}

void apart_read_note(const struct apart *apart, struct apart_note *note)
{
    memcpy(note, apart->map, sizeof *note);
    note->call[sizeof note->call - 1] = 0;
    for (char *c = note->call; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '_')
            *c = '?';
}
