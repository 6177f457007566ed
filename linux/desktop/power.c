/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* logind is asked first, which every systemd has; without it the first process, by the signal that it knows; and where
 * nobody can be asked, and it is to be forced, the kernel.
 */
#include "platform/power.h"

#include "base/buffer.h"
#include "linux/desktop/bus.h"
#include "linux/user/login.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOGIND_MS 20000 /* that logind may take to answer */
#define LEAVE_MS 500    /* for the host's answer, before the kernel is asked */

#define LOGIND "org.freedesktop.login1"

static void power_put_text(struct buffer *body, const char *text)
{
    uint32_t len = (uint32_t)strlen(text);
    buffer_append(body, (uint8_t[]){(uint8_t)len, (uint8_t)(len >> 8), (uint8_t)(len >> 16), (uint8_t)(len >> 24)}, 4);
    buffer_append(body, text, len + 1);
    while (body->len % 4 && !body->failed)
        buffer_append(body, "", 1);
}

/* ---- logind ---- */

static int power_call_logind(const char *member, const char *signature, const struct buffer *body, struct error *err)
{
    struct bus_call call = {.destination = LOGIND,
                            .path = "/org/freedesktop/login1",
                            .interface = LOGIND ".Manager",
                            .member = member,
                            .signature = signature,
                            .body = body->data,
                            .body_len = body->len};
    if (body->failed)
        return error_set(err, ERR_NO_MEMORY, "no memory for a call of logind");
    return bus_call(BUS_SYSTEM, &call, os_deadline(LOGIND_MS), err);
}

/* Tells logind what to write on the terminals of those who are logged on. */
static void power_set_notice(const char *notice)
{
    struct buffer body;
    struct error err;
    buffer_init(&body, 1024);
    power_put_text(&body, notice);
    buffer_append(&body, "\1\0\0\0", 4);
    power_call_logind("SetWallMessage", "sb", &body, &err); /* it does without */
    buffer_deinit(&body);
}

static int power_ask_logind(const struct os_power_request *request, struct error *err)
{
    static const struct buffer not_interactive = {.data = (uint8_t *)"\0\0\0\0", .len = 4};
    power_set_notice(request->notice);
    return power_call_logind(request->action == OS_POWER_REBOOT ? "Reboot" : "PowerOff", "b", &not_interactive, err);
}

static int power_log_off(struct error *err)
{
    struct login login;
    struct buffer body;
    int status = login_find(&login, "", err);
    if (status)
        return status;
    if (!login.id[0])
        return error_set(err, ERR_UNAVAILABLE, "there is no logind that knows the session");
    buffer_init(&body, 256);
    power_put_text(&body, login.id);
    body.len = 4 + strlen(login.id) + 1; /* nothing follows it */
    status = power_call_logind("TerminateSession", "s", &body, err);
    buffer_deinit(&body);
    return status;
}

/* ---- without logind ---- */

/* Returns whether the first process waits for the signal. One that does not loses it, as the kernel protects it. */
static bool power_init_takes(int number)
{
    char line[256];
    unsigned long long mask, all = 0;
    FILE *file = fopen("/proc/1/status", "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "SigBlk: %llx", &mask) == 1 || sscanf(line, "SigCgt: %llx", &mask) == 1)
            all |= mask;
    if (file)
        fclose(file);
    return (all >> (number - 1)) & 1;
}

/* Returns the signal by which the first process does it, and its name; or 0. */
static int power_signal_of_init(enum os_power action, char *name, size_t size)
{
    char path[256];
    struct stat info;
    ssize_t len = readlink("/proc/1/exe", path, sizeof path - 1);
    path[len > 0 ? len : 0] = '\0';
    const char *file = strrchr(path, '/');
    snprintf(name, size, "%.60s", file ? file + 1 : "unknown");
    int number = 0;
    if (stat("/run/systemd/system", &info) == 0)
        number = SIGRTMIN + (action == OS_POWER_REBOOT ? 5 : 4); /* systemd(1) */
    else if (strcmp(name, "busybox") == 0)
        number = action == OS_POWER_REBOOT ? SIGTERM : SIGUSR2; /* its init */
    return number && getpid() != 1 && power_init_takes(number) ? number : 0;
}

/* Ends the system when the answer has had time to leave. */
static void power_ask_kernel(void *context)
{
    int how = (int)(intptr_t)context;
    os_sleep_ms(LEAVE_MS);
    sync();
    reboot(how);
}

static int power_check_kernel(struct error *err)
{
    /* An unknown number does nothing but tell whether one may. */
    reboot(0x12345678);
    return errno == EPERM ? error_set(err, ERR_DENIED, "the agent may not end the system: %s", strerror(errno)) : 0;
}

static int power_without_logind(const struct os_power_request *request, char *by, size_t size, struct error *err)
{
    char name[64];
    int number = power_signal_of_init(request->action, name, sizeof name);
    if (number) {
        snprintf(by, size, "%s", name);
        return kill(1, number) == 0 ? 0 : error_set(err, ERR_DENIED, "%s: %s", name, strerror(errno));
    }
    if (!request->force)
        return error_set(err, ERR_UNAVAILABLE,
                         "there is no logind, and nothing is known of the first process (%s): force=1 asks the kernel",
                         name);
    snprintf(by, size, "the kernel");
    int status = power_check_kernel(err);
    intptr_t how = request->action == OS_POWER_REBOOT ? RB_AUTOBOOT : RB_POWER_OFF;
    return status ? status : os_thread_start(power_ask_kernel, (void *)how, err);
}

int os_power_request(const struct os_power_request *request, char *by, size_t size, struct error *err)
{
    snprintf(by, size, "logind");
    if (request->action == OS_POWER_LOG_OFF)
        return power_log_off(err);
    int status = power_ask_logind(request, err);
    if (status == ERR_NOT_FOUND || (status == ERR_UNAVAILABLE && request->force))
        status = power_without_logind(request, by, size, err);
    return status;
}

/* ---- what is not written yet ---- */

static void power_sync(void *context)
{
    struct os_waker *done = context;
    sync();
    os_waker_set(done);
}

bool os_power_flush(int timeout_ms)
{
    struct os_waker *done;
    struct error err;
    if (os_waker_new(&done, &err))
        return false;
    if (os_thread_start(power_sync, done, &err)) {
        os_waker_free(done);
        return false;
    }
    bool flushed = os_waker_wait(done, os_deadline(timeout_ms));
    if (flushed)
        os_waker_free(done); /* else it is the thread's, which may never end */
    return flushed;
}
