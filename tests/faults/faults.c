/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loaded into the agent before the C library: counts the calls of calls.def, and lets one of them fail.
 *
 * FAULTS names a file that run shares with all processes of the agent: which call of which function, and what it fails
 * with. The programs that the agent starts inherit the library and are left alone.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM "periscoped" /* and what else begins so: an upgrade's */
#define CALLS_MAX 128
#define IO_ERR_SEEN 0x20 /* glibc's, in FILE */

/* The functions' numbers, in the order of calls.def. */
enum {
#define CALL(type, name, ...) NUMBER_##name,
#define DONE CALL
#define STREAM CALL
#define CODE(name, ...) NUMBER_##name,
#define OPEN CODE
#include "tests/faults/calls.def"
#undef CALL
#undef DONE
#undef STREAM
#undef CODE
#undef OPEN
};

/* run has the same layout. */
struct control {
    atomic_uint armed;   /* else nothing is counted */
    uint32_t function;   /* the one that fails, or CALLS_MAX */
    uint32_t nth;        /* from 1 on */
    int32_t code;        /* what it fails with */
    atomic_uint fired;   /* it has failed */
    uint32_t fired_pid;  /* in that process */
    uint64_t fired_from; /* for whom: an address in the executable, or 0 when it was a library */
    atomic_uint counts[CALLS_MAX];
};

static struct control *control; /* NULL: this program is left alone */

static bool is_the_agent(void)
{
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    path[len > 0 ? len : 0] = '\0';
    const char *slash = strrchr(path, '/');
    return slash && strncmp(slash + 1, PROGRAM, strlen(PROGRAM)) == 0;
}

__attribute__((constructor)) static void attach(void)
{
    const char *path = getenv("FAULTS");
    int fd = path && is_the_agent() ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *at = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (at != MAP_FAILED)
        control = at;
}

static void note_who(void *from)
{
    Dl_info info;
    control->fired_pid = (uint32_t)getpid();
    if (dladdr(from, &info) && info.dli_fname && strstr(info.dli_fname, PROGRAM))
        control->fired_from = (uint64_t)((char *)from - (char *)info.dli_fbase);
}

/* Counts a call; returns whether it is the one that fails. */
static bool fails(unsigned function, void *from)
{
    if (!control || !atomic_load(&control->armed))
        return false;
    unsigned nth = atomic_fetch_add(&control->counts[function], 1) + 1;
    if (function != control->function || nth != control->nth)
        return false;
    note_who(from);
    atomic_store(&control->fired, 1);
    errno = control->code;
    return true;
}
#define FAILS(name) fails(NUMBER_##name, __builtin_return_address(0))

/* ---- the functions, under other names here: some headers declare theirs with types of their own ---- */

/* dlsym() allocates: the allocator's own names are known. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static void *find_real(const char *name)
{
    if (strcmp(name, "malloc") == 0)
        return (void *)__libc_malloc;
    if (strcmp(name, "calloc") == 0)
        return (void *)__libc_calloc;
    return strcmp(name, "realloc") == 0 ? (void *)__libc_realloc : dlsym(RTLD_NEXT, name);
}

#define REAL(type, name, parameters)                                                                                   \
    static type(*real) parameters;                                                                                     \
    if (!real)                                                                                                         \
    real = (type(*) parameters)find_real(#name)

#define CALL(type, name, parameters, arguments, failure, ...)                                                          \
    __attribute__((visibility("default"))) type wrap_##name parameters __asm__(#name);                                 \
    type wrap_##name parameters                                                                                        \
    {                                                                                                                  \
        REAL(type, name, parameters);                                                                                  \
        return FAILS(name) ? (type)failure : real arguments;                                                           \
    }
#define DONE(type, name, parameters, arguments, failure, ...)                                                          \
    __attribute__((visibility("default"))) type wrap_##name parameters __asm__(#name);                                 \
    type wrap_##name parameters                                                                                        \
    {                                                                                                                  \
        REAL(type, name, parameters);                                                                                  \
        bool fail = FAILS(name);                                                                                       \
        type result = real arguments;                                                                                  \
        if (!fail)                                                                                                     \
            return result;                                                                                             \
        errno = control->code;                                                                                         \
        return failure;                                                                                                \
    }
/* A stream has a mark of its own, which tells a failure from the end. */
#define STREAM(type, name, parameters, arguments, failure, ...)                                                        \
    __attribute__((visibility("default"))) type wrap_##name parameters __asm__(#name);                                 \
    type wrap_##name parameters                                                                                        \
    {                                                                                                                  \
        REAL(type, name, parameters);                                                                                  \
        if (!FAILS(name))                                                                                              \
            return real arguments;                                                                                     \
        file->_flags |= IO_ERR_SEEN;                                                                                   \
        return failure;                                                                                                \
    }
#define CODE(name, parameters, arguments, ...)                                                                         \
    __attribute__((visibility("default"))) int wrap_##name parameters __asm__(#name);                                  \
    int wrap_##name parameters                                                                                         \
    {                                                                                                                  \
        REAL(int, name, parameters);                                                                                   \
        return FAILS(name) ? control->code : real arguments;                                                           \
    }
#define OPEN(name, ...)
#include "tests/faults/calls.def"

#define VARIADIC(type, name, parameters)                                                                               \
    __attribute__((visibility("default"))) type wrap_##name parameters __asm__(#name);                                 \
    type wrap_##name parameters

/* Returns whether a failure of the disk can be told of that descriptor: not of a pipe, a socket or a counter. */
static bool is_of_a_disk(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 && (S_ISREG(info.st_mode) || S_ISCHR(info.st_mode));
}
#define FAILS_AT(name, fd) ((!control || control->code == EINTR || is_of_a_disk(fd)) && FAILS(name))

VARIADIC(ssize_t, read, (int fd, void *bytes, size_t len))
{
    REAL(ssize_t, read, (int, void *, size_t));
    return FAILS_AT(read, fd) ? -1 : real(fd, bytes, len);
}

VARIADIC(ssize_t, write, (int fd, const void *bytes, size_t len))
{
    REAL(ssize_t, write, (int, const void *, size_t));
    return FAILS_AT(write, fd) ? -1 : real(fd, bytes, len);
}

/* Who does not wait is not interrupted. */
VARIADIC(pid_t, waitpid, (pid_t pid, int *status, int flags))
{
    REAL(pid_t, waitpid, (pid_t, int *, int));
    return !(flags & WNOHANG) && FAILS(waitpid) ? -1 : real(pid, status, flags);
}

static mode_t mode_of(int flags, va_list list)
{
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(list, mode_t) : 0;
}

VARIADIC(int, open64, (const char *path, int flags, ...))
{
    REAL(int, open64, (const char *, int, ...));
    va_list list;
    va_start(list, flags);
    mode_t mode = mode_of(flags, list);
    va_end(list);
    return FAILS(open64) ? -1 : real(path, flags, mode);
}

VARIADIC(int, openat64, (int at, const char *path, int flags, ...))
{
    REAL(int, openat64, (int, const char *, int, ...));
    va_list list;
    va_start(list, flags);
    mode_t mode = mode_of(flags, list);
    va_end(list);
    return FAILS(openat64) ? -1 : real(at, path, flags, mode);
}

VARIADIC(int, fcntl64, (int fd, int what, ...))
{
    REAL(int, fcntl64, (int, int, ...));
    va_list list;
    va_start(list, what);
    void *argument = va_arg(list, void *);
    va_end(list);
    bool can_fail = what == F_DUPFD || what == F_DUPFD_CLOEXEC; /* a flag is set in any case */
    return can_fail && FAILS(fcntl64) ? -1 : real(fd, what, argument);
}

VARIADIC(int, ioctl, (int fd, unsigned long what, ...))
{
    REAL(int, ioctl, (int, unsigned long, ...));
    va_list list;
    va_start(list, what);
    void *argument = va_arg(list, void *);
    va_end(list);
    return FAILS(ioctl) ? -1 : real(fd, what, argument);
}

VARIADIC(long, syscall, (long number, ...))
{
    REAL(long, syscall, (long, ...));
    long argument[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        argument[i] = va_arg(list, long);
    va_end(list);
    return FAILS(syscall) ? -1
                          : real(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
}
