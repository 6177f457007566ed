/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Preloaded into an agent under test: a wall clock of its own, which settime moves without touching the machine's.
 * FAKE_CLOCK names a file of 8 bytes: how many seconds this clock is ahead, readable and writable by the test. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t no_offset;
static int64_t *offset = &no_offset;

__attribute__((constructor)) static void map_offset(void)
{
    const char *path = getenv("FAKE_CLOCK");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *map = mmap(NULL, sizeof *offset, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED)
        offset = map;
}

static int is_wall_clock(clockid_t clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

static struct timespec machine_time(void)
{
    struct timespec now = {0};
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    return now;
}

/* The names that the agent's calls find; ours differ, since the C library's headers have declared those. */
#define REPLACES(name) __asm__(#name) __attribute__((visibility("default")))
int fake_clock_gettime(clockid_t clock, struct timespec *now) REPLACES(clock_gettime);
int fake_gettimeofday(struct timeval *now, void *zone) REPLACES(gettimeofday);
time_t fake_time(time_t *out) REPLACES(time);
int fake_clock_settime(clockid_t clock, const struct timespec *wanted) REPLACES(clock_settime);
int fake_settimeofday(const struct timeval *wanted, const void *zone) REPLACES(settimeofday);

int fake_clock_gettime(clockid_t clock, struct timespec *now)
{
    if (syscall(SYS_clock_gettime, clock, now) != 0)
        return -1;
    if (is_wall_clock(clock))
        now->tv_sec += __atomic_load_n(offset, __ATOMIC_SEQ_CST);
    return 0;
}

int fake_gettimeofday(struct timeval *now, void *zone)
{
    struct timespec exact;
    (void)zone;
    fake_clock_gettime(CLOCK_REALTIME, &exact);
    *now = (struct timeval){exact.tv_sec, exact.tv_nsec / 1000};
    return 0;
}

time_t fake_time(time_t *out)
{
    struct timespec now;
    fake_clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}

static int set_to(time_t seconds)
{
    __atomic_store_n(offset, seconds - machine_time().tv_sec, __ATOMIC_SEQ_CST);
    return 0;
}

int fake_clock_settime(clockid_t clock, const struct timespec *wanted)
{
    if (is_wall_clock(clock))
        return set_to(wanted->tv_sec);
    errno = EINVAL;
    return -1;
}

int fake_settimeofday(const struct timeval *wanted, const void *zone)
{
    (void)zone;
    return set_to(wanted->tv_sec);
}
