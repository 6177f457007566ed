/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's events for what linux/desktop/desktop.c reads. A worker has one set of them, which is made when it first waits. */
#include "platform/desktop.h"

#include "linux/desktop/bus.h"
#include "platform/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOGIND_RULE "type='signal',sender='org.freedesktop.login1'" /* that a session is locked is in no file */
#define LOGIND_MS 500                                               /* that the D-Bus may take to take it on */
#define UEVENTS_OF_KERNEL 1u                                        /* the multicast group */
#define BLIND_MS 1000 /* after which to look again where the kernel gives no events: there is no descriptor left, say */
#define DRAIN_MAX 64  /* reads at once: what floods is no reason not to look */

enum { EVENT_FILES, EVENT_DEVICES, EVENT_TERMINAL, EVENT_LOGIND, EVENT_COUNT };
static int event_fds[EVENT_COUNT] = {-1, -1, -1, -1};

/* The folders in which logind, systemd and display servers make files, and what they do there. */
static const struct {
    const char *path;
    uint32_t mask;
} event_folders[] = {
    {"/run", IN_CREATE | IN_DELETE | IN_MOVED_TO},
    {"/run/systemd/seats", IN_CREATE | IN_DELETE | IN_MOVED_TO},
    {"/run/systemd/sessions", IN_CREATE | IN_DELETE | IN_MOVED_TO},
    {"/tmp/.X11-unix", IN_CREATE | IN_DELETE},
    {"/dev/dri", IN_CREATE | IN_DELETE},
};

static int events_open_devices(void)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = UEVENTS_OF_KERNEL};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Adds what may have come into being since, as each user's folder of sockets. Adding a folder again changes nothing. */
static void events_add_folders(void)
{
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof event_folders / sizeof event_folders[0]; i++)
        inotify_add_watch(event_fds[EVENT_FILES], event_folders[i].path, event_folders[i].mask | IN_ONLYDIR);
    DIR *users = opendir("/run/user");
    struct dirent *entry;
    for (int i = 0; users && i < DRAIN_MAX && (entry = readdir(users)); i++) {
        snprintf(path, sizeof path, "/run/user/%s", entry->d_name);
        if (entry->d_name[0] != '.')
            inotify_add_watch(event_fds[EVENT_FILES], path, IN_CREATE | IN_DELETE | IN_ONLYDIR);
    }
    if (users)
        closedir(users);
}

static void events_open(void)
{
    struct error err;
    if (event_fds[EVENT_FILES] < 0)
        event_fds[EVENT_FILES] = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (event_fds[EVENT_DEVICES] < 0)
        event_fds[EVENT_DEVICES] = events_open_devices();
    if (event_fds[EVENT_TERMINAL] < 0)
        event_fds[EVENT_TERMINAL] = open("/sys/class/tty/tty0/active", O_RDONLY | O_CLOEXEC);
    if (event_fds[EVENT_LOGIND] < 0)
        event_fds[EVENT_LOGIND] = bus_listen(BUS_SYSTEM, LOGIND_RULE, os_deadline(LOGIND_MS), &err);
    events_add_folders();
}

/* Takes the signals; any may concern the desktop. A D-Bus that has ended is looked for again. */
static void events_take_signals(void)
{
    char bytes[4096];
    ssize_t got = 0;
    for (int i = 0; i < DRAIN_MAX && (got = recv(event_fds[EVENT_LOGIND], bytes, sizeof bytes, 0)) > 0; i++)
        ;
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
        return;
    close(event_fds[EVENT_LOGIND]);
    event_fds[EVENT_LOGIND] = -1;
}

/* Returns whether the kernel's message concerns a card. Other devices come and go all the time. */
static bool events_device_concerns(const char *message, size_t len)
{
    for (const char *at = message; at < message + len; at += strlen(at) + 1)
        if (strcmp(at, "SUBSYSTEM=drm") == 0 || strncmp(at, "PCI_CLASS=3", 11) == 0)
            return true;
    return false;
}

/* Takes the messages. Lost ones may have concerned a card. */
static bool events_take_devices(void)
{
    char message[8192];
    bool concerns = false;
    for (int i = 0; i < DRAIN_MAX; i++) {
        ssize_t len = recv(event_fds[EVENT_DEVICES], message, sizeof message - 1, 0);
        if (len < 0 && errno != ENOBUFS)
            break;
        message[len > 0 ? len : 0] = '\0';
        concerns |= len < 0 || events_device_concerns(message, (size_t)len);
    }
    return concerns;
}

static bool events_take(const struct pollfd *ready)
{
    char bytes[4096];
    bool concerns = ready[EVENT_COUNT].revents != 0;
    if (ready[EVENT_FILES].revents) {
        for (int i = 0; i < DRAIN_MAX && read(event_fds[EVENT_FILES], bytes, sizeof bytes) > 0; i++)
            ;
        concerns = true;
    }
    if (ready[EVENT_LOGIND].revents) {
        events_take_signals();
        concerns = true;
    }
    if (ready[EVENT_TERMINAL].revents) {
        (void)!pread(event_fds[EVENT_TERMINAL], bytes, sizeof bytes, 0);
        concerns = true;
    }
    return (ready[EVENT_DEVICES].revents && events_take_devices()) || concerns;
}

void os_desktop_await(int other, int64_t deadline_ms)
{
    static bool was_open;
    events_open();
    if (!was_open) {
        was_open = true;
        return; /* what happened before made no event: the caller is to look again */
    }
    if (event_fds[EVENT_FILES] < 0 && os_time_left(deadline_ms) > BLIND_MS)
        deadline_ms = os_deadline(BLIND_MS);
    for (;;) {
        struct pollfd ready[EVENT_COUNT + 1] = {{.fd = event_fds[EVENT_FILES], .events = POLLIN},
                                                {.fd = event_fds[EVENT_DEVICES], .events = POLLIN},
                                                {.fd = event_fds[EVENT_TERMINAL], .events = POLLPRI},
                                                {.fd = event_fds[EVENT_LOGIND], .events = POLLIN},
                                                {.fd = other, .events = POLLIN}};
        int64_t left = os_time_left(deadline_ms);
        int count = poll(ready, EVENT_COUNT + 1, left > INT_MAX ? INT_MAX : (int)left);
        if (count == 0 || (count < 0 && errno != EINTR) || (count > 0 && events_take(ready)))
            return;
    }
}
