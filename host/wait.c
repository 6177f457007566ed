/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waits for a program to exit. The agent is asked again and again, so that a dead guest or a lost connection is noticed
 * while a status is never lost. */
#include "host/client.h"

#include "platform/clock.h"

#include <stdlib.h>
#include <string.h>

#define WAIT_LEEWAY_MS 5000 /* how late a reply may be */
#define WAIT_MOST_S 86400u  /* of one request */

struct wait {
    uint64_t pid;
    uint32_t seconds;
    uint32_t status;
};

/* Writes the request. testagentd 1.0 has no wait with a time: it replies when the child exits. 1.1 and 1.2 on Linux
   take 0 seconds as no limit. */
static void wait_write_request(struct call *call, struct periscope *p, const struct wait *wait)
{
    uint32_t seconds = wait->seconds == 0 && p->minor < 3 ? 1 : wait->seconds;
    if (p->minor < 1)
        call_init(call, p, METHOD_wait, 1, 1);
    else
        call_init(call, p, METHOD_wait2, 2, 1);
    write_entry_u64(&call->request, wait->pid);
    if (p->minor >= 1)
        write_entry_u32(&call->request, seconds);
    call->answer_ms = (int)(seconds * 1000) + WAIT_LEEWAY_MS;
}

static int attempt_wait(struct periscope *p, void *context)
{
    struct wait *wait = context;
    struct call call;
    wait_write_request(&call, p, wait);
    int status = call_send(&call, false);
    if (!status)
        status = call_reply(&call);
    if (!status)
        status = call_u32(&call, &wait->status);
    call_deinit(&call);
    if (status == PERISCOPE_REFUSED && strstr(p->error.text, "timed out waiting for the child process"))
        return client_fail(p, PERISCOPE_STILL_RUNNING, "process %llu is still running", (unsigned long long)wait->pid);
    return status;
}

static bool wait_starts_with(const char *text, const char *start)
{
    return text && strncmp(text, start, strlen(start)) == 0;
}

/* Derives the system from the properties, for 1.5, which has no getcwd. Older agents report nothing; they ran on
   Windows. */
static int wait_learn_from_properties(struct periscope *p)
{
    struct periscope_strings properties;
    int status = periscope_properties(p, &properties);
    p->windows = !wait_starts_with(periscope_strings_get(&properties, "server.arch"), "linux");
    periscope_strings_free(&properties);
    return status;
}

/* Asks which system the guest has, which decides how a status is decoded. This is done before the wait, since after it
   a lost connection would leave a status that can't be decoded. The working folder tells it: only on Linux does it
   start with a slash. The properties would make a Periscope agent probe its displays. */
static int wait_learn_system(struct periscope *p)
{
    char *cwd;
    if (p->system_known)
        return 0;
    int status = periscope_getcwd(p, &cwd);
    p->windows = !wait_starts_with(cwd, "/");
    free(cwd);
    if (status == PERISCOPE_UNSUPPORTED)
        status = wait_learn_from_properties(p);
    if (status && status != PERISCOPE_UNSUPPORTED && status != PERISCOPE_REFUSED)
        return status;
    p->system_known = true;
    return 0;
}

static uint32_t wait_seconds(int64_t ms)
{
    int64_t seconds = ms / 1000 + (ms % 1000 != 0);
    return seconds < WAIT_MOST_S ? (uint32_t)seconds : WAIT_MOST_S;
}

static int wait_for_status(struct periscope *p, struct wait *wait, int64_t deadline, int keepalive_ms)
{
    for (struct absence absence = {0};;) {
        int64_t left = os_time_left(deadline);
        bool ask_again = p->minor >= 1;
        wait->seconds = wait_seconds(ask_again && left > keepalive_ms ? keepalive_ms : left);
        int status = client_attempt_away(p, attempt_wait, wait, &absence);
        bool away = client_is_away(status), over = os_time_left(deadline) == 0 || os_time_left(p->limit) == 0;
        if (!away || over)
            client_returned(p, &absence);
        if ((!away && status != PERISCOPE_STILL_RUNNING) || over)
            return status;
        status = away ? client_await_return(p, &absence, status) : 0;
        if (status)
            return status;
    }
}

int periscope_wait(struct periscope *p, uint64_t pid, int timeout_ms, int keepalive_ms, struct periscope_exit *out)
{
    struct wait wait = {.pid = pid};
    int64_t deadline = os_deadline(timeout_ms);
    *out = (struct periscope_exit){0};
    int status = wait_learn_system(p);
    if (!status)
        status = wait_for_status(p, &wait, deadline, keepalive_ms > 0 ? keepalive_ms : PERISCOPE_KEEPALIVE_MS);
    if (!status)
        exit_decode(p->windows, wait.status, out);
    return client_finish(p, status);
}

struct forget {
    uint64_t pid;
    bool again; /* an earlier attempt may have succeeded */
};

static int attempt_forget(struct periscope *p, void *context)
{
    struct forget *forget = context;
    struct call call;
    /* Agents before 1.6 forget with the answer to the wait. */
    if (p->minor < 6)
        return 0;
    call_init(&call, p, METHOD_rmchildproc, 1, 0);
    write_entry_u64(&call.request, forget->pid);
    int status = call_plain(&call);
    call_deinit(&call);
    if (status == PERISCOPE_REFUSED && forget->again && strstr(p->error.text, "does not exist"))
        return 0;
    forget->again = true;
    return status;
}

int periscope_forget(struct periscope *p, uint64_t pid)
{
    struct forget forget = {pid, false};
    return client_repeat(p, attempt_forget, &forget);
}
