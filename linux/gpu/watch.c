/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The thread that waits for the kernel's log and for its messages about devices. It costs nothing while there are none. */
#include "linux/gpu/devcoredump.h"
#include "linux/gpu/kernel_log.h"
#include "linux/gpu/kmsg.h"
#include "linux/gpu/log_line.h"
#include "linux/gpu/sysfs.h"
#include "linux/gpu/uevent.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_SIZE 8192 /* bytes; the kernel's longest record */
#define BURST                                                                                                          \
    256 /* records that are read without a pause: a flood is read at 5000 a second, and what that misses is lost */
#define PAUSE_MS 50
#define UEVENT_ROOM (1 << 20) /* bytes of messages that may wait */

static struct {
    const struct os_gpu_watcher *to;
    int kmsg, uevents;   /* descriptors, or -1 */
    uint64_t next, lost; /* the next record's number; records that the kernel had dropped before they were read */
} watch = {.kmsg = -1, .uevents = -1};

static int watch_failed(int *fd, const char *what, int code)
{
    char why[160];
    snprintf(why, sizeof why, "%s can't be read: %s", what, strerror(code));
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    watch.to->missing(why);
    return -1;
}

__attribute__((format(printf, 3, 4))) static void watch_tell(enum os_gpu_report_kind kind, const char *pci,
                                                             const char *format, ...)
{
    struct os_gpu_report report = {.kind = kind, .time_ms = os_wall_time_ms()};
    va_list args;
    snprintf(report.pci, sizeof report.pci, "%s", pci);
    va_start(args, format);
    vsnprintf(report.text, sizeof report.text, format, args);
    va_end(args);
    watch.to->tell(&report);
}

/* ---- the kernel's log ---- */

/* Only the kernel's own records count: any program that may write to /dev/kmsg could make others. */
static void watch_record(const struct kmsg_record *record)
{
    struct os_gpu_report report;
    if (watch.next && record->sequence > watch.next)
        watch.lost += record->sequence - watch.next;
    watch.next = record->sequence + 1;
    if (!record->of_kernel)
        return;
    if (log_line_read(record->text, &report)) {
        report.time_ms = os_wall_time_ms() - os_clock_ms() + (int64_t)(record->time_us / 1000);
        watch.to->tell(&report);
    }
    if (log_line_matches("*device coredump*has been created*", record->text))
        devcoredump_look(watch.to);
}

static void watch_tell_lost(void)
{
    if (watch.lost)
        watch_tell(OS_GPU_KERNEL, "", "%" PRIu64 " records of the kernel's log were overwritten before they were read",
                   watch.lost);
    watch.lost = 0;
}

/* Reads what there is, up to a burst. Returns whether there may be more. */
static bool watch_read_log(void)
{
    char bytes[READ_SIZE];
    struct kmsg_record record;
    for (int i = 0; i < BURST; i++) {
        ssize_t got = read(watch.kmsg, bytes, sizeof bytes);
        if (got < 0 && (errno == EPIPE || errno == EINTR))
            continue;
        if (got < 0 && errno == EAGAIN)
            return false;
        if (got <= 0)
            return watch_failed(&watch.kmsg, "the kernel's log", got < 0 ? errno : EIO) == 0;
        const char *at = bytes;
        size_t len = (size_t)got;
        while (kmsg_take(&at, &len, &record))
            watch_record(&record);
    }
    return true;
}

/* ---- devices ---- */

static void watch_tell_outputs(const struct uevent *event, const char *pci)
{
    char names[96];
    bool unread;
    const char *card = strrchr(event->device, '/');
    if (!card)
        return;
    gpu_list_connected(card + 1, names, sizeof names, &unread);
    watch_tell(OS_GPU_DISPLAY, pci, "%.31s: %s%s", card + 1, *names ? "connected: " : "no output is connected", names);
}

static void watch_uevent(const struct uevent *event)
{
    char pci[OS_GPU_PCI_SIZE];
    uevent_pci(event, pci, sizeof pci);
    if (strcmp(event->subsystem, "devcoredump") == 0 && strcmp(event->action, "add") == 0)
        devcoredump_look(watch.to);
    if (strcmp(event->subsystem, "drm") == 0 && *event->wedged)
        watch_tell(strcmp(event->wedged, "none") == 0 ? OS_GPU_HANG_ENDED : OS_GPU_RESET_FAILED, pci, "WEDGED=%s",
                   event->wedged);
    if (strcmp(event->subsystem, "drm") == 0 && event->hotplug)
        watch_tell_outputs(event, pci);
    if (strcmp(event->subsystem, "pci") == 0 && strcmp(event->action, "remove") == 0)
        watch_tell(OS_GPU_LOST, pci, "it was removed from its bus");
}

/* Receives one message. Returns false when there is none; those of others than the kernel are dropped. */
static bool watch_receive(void)
{
    char bytes[READ_SIZE];
    struct sockaddr_nl from = {0};
    struct uevent event;
    socklen_t size = sizeof from;
    ssize_t got = recvfrom(watch.uevents, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
    if (got < 0 && errno == ENOBUFS)
        watch_tell(OS_GPU_KERNEL, "", "messages of the kernel about devices were lost");
    else if (got < 0 && errno != EINTR)
        return false;
    if (got > 0 && from.nl_pid == 0 && uevent_parse(bytes, (size_t)got, &event))
        watch_uevent(&event);
    return true;
}

static bool watch_receive_all(void)
{
    for (int i = 0; i < BURST; i++)
        if (!watch_receive())
            return false;
    return true;
}

static void watch_open_uevents(void)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
    int room = UEVENT_ROOM;
    watch.uevents = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
    if (watch.uevents < 0 || bind(watch.uevents, (struct sockaddr *)&address, sizeof address) < 0)
        watch_failed(&watch.uevents, "messages about devices", errno);
    else
        setsockopt(watch.uevents, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
}

/* ---- the thread ---- */

static void watch_log_main(void *context)
{
    (void)context;
    devcoredump_look(watch.to);
    while (watch.kmsg >= 0 || watch.uevents >= 0) {
        struct pollfd fds[2] = {{.fd = watch.kmsg, .events = POLLIN}, {.fd = watch.uevents, .events = POLLIN}};
        bool more = false;
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            os_sleep_ms(PAUSE_MS);
        if (fds[0].revents)
            more = watch_read_log();
        if (fds[1].revents)
            more |= watch_receive_all();
        if (more)
            os_sleep_ms(PAUSE_MS);
        else
            watch_tell_lost();
    }
}

int os_gpu_watch(const struct os_gpu_watcher *watcher, struct error *err)
{
    watch.to = watcher;
    watch.kmsg = kernel_log_open();
    if (watch.kmsg < 0)
        watch_failed(&watch.kmsg, "the kernel's log", errno);
    watch_open_uevents();
    return os_thread_start(watch_log_main, NULL, err);
}
