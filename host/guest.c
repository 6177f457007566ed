/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that concern the agent and the guest as a whole. */
#include "host/client.h"

#include "platform/clock.h"

#include <string.h>

#define BOOT_PAUSE_MS 250

const char *periscope_banner(struct periscope *p)
{
    return client_connect(p) ? NULL : p->banner;
}

static int attempt_properties(struct periscope *p, void *context)
{
    struct call call;
    struct entry last;
    struct strlist list = {0};
    call_init(&call, p, METHOD_getproperties, 0, CALL_ANY);
    int status = client_need(p, 5, METHOD_getproperties);
    if (!status)
        status = call_send(&call, false);
    if (!status)
        status = call_reply(&call);
    if (!status)
        status = call_strings(&call, "s", &list, &last);
    if (!status)
        strings_take(context, &list);
    strlist_deinit(&list);
    call_deinit(&call);
    return status;
}

int periscope_properties(struct periscope *p, struct periscope_strings *out)
{
    *out = (struct periscope_strings){0};
    return client_repeat(p, attempt_properties, out);
}

struct property_setting {
    const char *name, *value;
};

static int attempt_set_property(struct periscope *p, void *context)
{
    const struct property_setting *property = context;
    struct call call;
    call_init(&call, p, METHOD_setproperty, 2, 0);
    write_entry_text(&call.request, WIRE_STRING, property->name);
    write_entry_text(&call.request, WIRE_STRING, property->value);
    int status = client_need(p, 7, METHOD_setproperty);
    if (!status)
        status = call_plain(&call);
    call_deinit(&call);
    return status;
}

int periscope_set_property(struct periscope *p, const char *name, const char *value)
{
    struct property_setting property = {name, value};
    return client_repeat(p, attempt_set_property, &property);
}

struct clock_setting {
    uint64_t seconds;
    uint32_t leeway_s;
};

static int attempt_settime(struct periscope *p, void *context)
{
    const struct clock_setting *time = context;
    struct call call;
    call_init(&call, p, METHOD_settime, 2, 0);
    write_entry_u64(&call.request, time->seconds);
    write_entry_u32(&call.request, time->leeway_s);
    int status = client_need(p, 4, METHOD_settime);
    if (!status)
        status = call_plain(&call);
    call_deinit(&call);
    return status;
}

int periscope_settime(struct periscope *p, uint64_t seconds, uint32_t leeway_s)
{
    struct clock_setting time = {seconds, leeway_s};
    return client_repeat(p, attempt_settime, &time);
}

static int attempt_getcwd(struct periscope *p, void *context)
{
    struct call call;
    struct entry entry;
    call_init(&call, p, METHOD_getcwd, 0, 1);
    int status = client_need(p, 6, METHOD_getcwd);
    if (!status)
        status = call_send(&call, false);
    if (!status)
        status = call_reply(&call);
    if (!status)
        status = call_entry(&call, "s", &entry);
    if (!status)
        status = call_text(&call, context);
    call_deinit(&call);
    return status;
}

int periscope_getcwd(struct periscope *p, char **path)
{
    *path = NULL;
    return client_repeat(p, attempt_getcwd, path);
}

struct restart {
    const char *const *argv;
};

static int attempt_restart(struct periscope *p, void *context)
{
    const char *const *argv = ((const struct restart *)context)->argv;
    uint32_t count = 0;
    while (argv[count])
        count++;
    struct call call;
    call_init(&call, p, METHOD_restart, count, 0);
    for (uint32_t i = 0; i < count; i++)
        write_entry_text(&call.request, WIRE_STRING, argv[i]);
    int status = call_plain(&call);
    call_deinit(&call);
    return status;
}

int periscope_restart(struct periscope *p, const char *const *argv)
{
    if (!argv || !argv[0])
        return client_fail(p, PERISCOPE_INVALID, "nothing to restart: the arguments are empty");
    struct restart restart = {argv};
    int status = client_once(p, attempt_restart, &restart);
    periscope_disconnect(p);
    return status;
}

/* ---- waiting for a boot ---- */

static int attempt_boot(struct periscope *p, const char *not_boot_id)
{
    int status = periscope_ping(p);
    if (status || !not_boot_id)
        return status;
    struct periscope_strings properties;
    status = periscope_properties(p, &properties);
    if (status)
        return status;
    const char *id = periscope_strings_get(&properties, "boot.id");
    if (!id)
        status =
            client_fail(p, PERISCOPE_UNSUPPORTED, "%s: this agent (%s) has no property boot.id", p->name, p->banner);
    else if (strcmp(id, not_boot_id) == 0)
        status = client_fail(p, PERISCOPE_NO_AGENT, "%s: still the previous boot", p->name);
    periscope_strings_free(&properties);
    return status;
}

/* Returns whether another attempt may succeed after this status. */
static bool boot_may_come(int status)
{
    return status == PERISCOPE_NO_AGENT || status == PERISCOPE_TIMED_OUT || status == PERISCOPE_REFUSED;
}

static int boot_time(int ms, int64_t left)
{
    return ms < 0 || ms > left ? (int)left : ms;
}

int periscope_wait_boot(struct periscope *p, int timeout_ms, const char *not_boot_id)
{
    int64_t deadline = os_deadline(timeout_ms);
    struct absence absence = {.since_ms = os_clock_ms()};
    int connect_ms = p->connect_ms, io_ms = p->io_ms, status;
    for (;;) {
        int64_t left = os_time_left(deadline);
        int most = left > CLIENT_BOOT_ATTEMPT_MS ? CLIENT_BOOT_ATTEMPT_MS
                   : left < CLIENT_BOOT_LEAST_MS ? CLIENT_BOOT_LEAST_MS
                                                 : (int)left;
        /* A connection from before the boot would be found dead only after a time-out. */
        periscope_disconnect(p);
        p->connect_ms = boot_time(connect_ms, most);
        p->io_ms = boot_time(io_ms, most);
        status = attempt_boot(p, not_boot_id);
        if (!boot_may_come(status) || os_time_left(deadline) == 0)
            break;
        client_tell_away(p, &absence, timeout_ms);
        left = os_time_left(deadline);
        int ended = client_pause(p, left < BOOT_PAUSE_MS ? (int)left : BOOT_PAUSE_MS);
        if (ended) {
            status = client_finish(p, ended);
            break;
        }
    }
    client_returned(p, &absence);
    p->connect_ms = connect_ms;
    p->io_ms = io_ms;
    if (!boot_may_come(status))
        return status;
    error_prefix(&p->error, ERR_TIMEOUT, "the guest did not answer within %g s", timeout_ms / 1000.0);
    return PERISCOPE_TIMED_OUT;
}
