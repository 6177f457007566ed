/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* shutdown. */
#include "agent/events.h"
#include "agent/log.h"
#include "agent/ready.h"
#include "agent/rpc/rpc.h"
#include "platform/power.h"

#include <stdio.h>
#include <string.h>

#define FLUSH_MS 10000

static const char *const power_actions[] = {
    [OS_POWER_OFF] = "off", [OS_POWER_REBOOT] = "reboot", [OS_POWER_LOG_OFF] = "log-off"};
#define POWER_ACTION_COUNT (sizeof power_actions / sizeof power_actions[0])

/* Parses an option. There is no default of what to do: a request that says nothing is a mistake. */
static int shutdown_option(struct os_power_request *power, bool *has_action, const char *option, struct error *err)
{
    static const char key[] = "action=";
    if (strcmp(option, "force=1") == 0 || strcmp(option, "force=0") == 0) {
        power->force = option[6] == '1';
        return 0;
    }
    if (strncmp(option, key, sizeof key - 1) != 0)
        return error_set(err, ERR_INVALID, "shutdown: unknown option '%.80s'", option);
    for (size_t i = 0; i < POWER_ACTION_COUNT; i++) {
        if (strcmp(option + sizeof key - 1, power_actions[i]) == 0) {
            power->action = (enum os_power)i;
            *has_action = true;
            return 0;
        }
    }
    return error_set(err, ERR_INVALID, "shutdown: '%.80s' is not off, reboot or log-off", option);
}

static int shutdown_parse(struct os_power_request *power, const struct request *request, struct error *err)
{
    bool has_action = false;
    for (uint32_t i = 0; i < request->arg_count; i++) {
        int status = shutdown_option(power, &has_action, request->args[i].text, err);
        if (status)
            return status;
    }
    return has_action ? 0 : error_set(err, ERR_INVALID, "shutdown: no action= given");
}

/* Refuses while programs of a host run, whose results would be lost. */
static int shutdown_check_children(struct session *session, bool force, struct error *err)
{
    unsigned running, exited;
    children_count(session->agent->children, &running, &exited);
    if (running == 0 || force)
        return 0;
    return error_set(err, ERR_DENIED, "shutdown: refused while programs of a host run (%u): force=1 ends them",
                     running);
}

/* Tells those who wait for the desktop, who read the events and who read the log. */
static void shutdown_tell(struct session *session, enum os_power action, const char *by)
{
    char why[128];
    snprintf(why, sizeof why, "%s asked for %s, by %s", session->peer_text, power_actions[action], by);
    log_line("shutdown: %s", why);
    events_add("shutdown", "%s", why);
    if (action != OS_POWER_LOG_OFF)
        ready_set_ending(session->agent->ready, why);
}

int rpc_shutdown(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct os_power_request power = {.force = false};
    struct strlist facts = {0};
    char notice[128], by[64];
    int status = shutdown_parse(&power, request, err);
    if (status == 0)
        status = shutdown_check_children(session, power.force, err);
    if (status)
        return status;
    snprintf(notice, sizeof notice, "A test host (%s) has asked for it.", session->peer_text);
    power.notice = notice;
    bool flushed = os_power_flush(FLUSH_MS);
    status = os_power_request(&power, by, sizeof by, err);
    if (status)
        return error_prefix(err, status, "could not %s",
                            power.action == OS_POWER_OFF ? "power off" : power_actions[power.action]);
    shutdown_tell(session, power.action, by);
    strlist_addf(&facts, "action=%s", power_actions[power.action]);
    strlist_addf(&facts, "by=%s", by);
    strlist_addf(&facts, "flushed=%d", flushed);
    reply_strings(reply, &facts);
    strlist_deinit(&facts);
    return 0;
}
