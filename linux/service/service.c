/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Here the system's own tools do it: a unit starts the agent as any program, and a signal ends it. The service manager is
   notified as sd_notify(3) describes it: a datagram to the socket that NOTIFY_SOCKET names. */
#include "base/number.h"
#include "linux/gpu/kernel_log.h"
#include "linux/process/init.h"
#include "linux/process/watch.h"
#include "platform/service.h"

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void notify(const char *message)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = name ? strlen(name) : 0;
    if (len < 2 || len >= sizeof address.sun_path || (*name != '/' && *name != '@'))
        return;
    memcpy(address.sun_path, name, len);
    if (*name == '@')
        address.sun_path[0] = '\0'; /* an abstract name */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    sendto(fd, message, strlen(message), MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&address, size);
    close(fd);
}

int os_service_run(const struct os_service_program *program, bool managed, struct error *err)
{
    if (managed)
        return error_set(err, ERR_UNAVAILABLE, "--service is for Windows");
    init_begin();
    kernel_log_take();
    return program->main(program->context);
}

void os_service_ready(const char *text)
{
    char message[512];
    snprintf(message, sizeof message, "READY=1\nSTATUS=%.400s\n", text);
    notify(message);
}

void os_service_failed(const char *text)
{
    char message[512];
    snprintf(message, sizeof message, "STATUS=%.400s\n", text);
    notify(message);
}

int os_service_patience_ms(void)
{
    const char *pid = getenv("WATCHDOG_PID"), *text = getenv("WATCHDOG_USEC");
    uint64_t patience_us, whose;
    if (!text || !number_take(&text, UINT64_MAX, &patience_us) || *text)
        return 0;
    if (pid && (!number_take(&pid, UINT32_MAX, &whose) || *pid || whose != (uint64_t)getpid()))
        return 0;
    return patience_us / 1000 > INT_MAX ? INT_MAX : (int)(patience_us / 1000);
}

void os_service_is_alive(void)
{
    notify("WATCHDOG=1\n");
}

/* ---- the end ---- */

void os_service_on_end(void (*ending)(void *context), void *context)
{
    watch_end(ending, context);
}

/* systemd makes that file as soon as nobody may log on any more, which is before it stops the agent (the unit's order). */
bool os_service_machine_ends(void)
{
    return access("/run/nologin", F_OK) == 0;
}

bool os_service_is_one(void)
{
    return getenv("NOTIFY_SOCKET") != NULL;
}

static int service_refuse(struct error *err)
{
    return error_set(err, ERR_UNAVAILABLE, "the agent installs itself on Windows only");
}

int os_service_install(const struct os_service_settings *settings, struct strlist *report, struct error *err)
{
    (void)settings;
    (void)report;
    return service_refuse(err);
}

int os_service_uninstall(struct strlist *report, struct error *err)
{
    (void)report;
    return service_refuse(err);
}

int os_service_status(struct strlist *report, struct error *err)
{
    (void)report;
    return service_refuse(err);
}
