/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* screenshot, crc, displays. */
#include "agent/events.h"
#include "agent/gpu/gpus.h"
#include "agent/rpc/rpc.h"
#include "agent/worker/answer.h"
#include "platform/clock.h"

#include <stdio.h>
#include <string.h>

#define FAULTS_MAX 3
#define FAULTS_AGE_MS 600000 /* an older fault has nothing to do with a picture that is bad now */

static int read_options(const struct request *request, struct strlist *options, struct error *err)
{
    for (uint32_t i = 0; i < request->arg_count; i++)
        strlist_add(options, request->args[i].text);
    return options->failed ? error_set(err, ERR_NO_MEMORY, "no memory for the options of a picture") : 0;
}

static bool has_warning(const struct buffer *list)
{
    struct strlist facts = {0};
    answer_add_lines(list, &facts);
    bool found = strlist_get(&facts, "warning") != NULL;
    strlist_deinit(&facts);
    return found;
}

/* Appends "event=NUMBER\tTIME\tKIND\tTEXT" without its tabs. */
static void append_fault(const char *event, struct error *err)
{
    size_t len = strlen(err->text);
    snprintf(err->text + len, sizeof err->text - len, "; %s", event);
    for (char *tab = err->text + len; (tab = strchr(tab, '\t'));)
        *tab = ' ';
}

/* Puts the last faults of the guest into the facts of a picture with a warning, or the last one into the reason why there
   is none. */
static void add_faults(int status, struct buffer *list, struct error *err)
{
    struct strlist faults = {0};
    events_add_faults(&faults, status ? 1 : FAULTS_MAX, FAULTS_AGE_MS);
    if (faults.count > 0 && !faults.failed && status == 0 && has_warning(list))
        answer_put_lines(list, &faults);
    if (faults.count > 0 && status)
        append_fault(faults.items[0], err);
    strlist_deinit(&faults);
}

/* Makes an event of a device that was lost under the capture, which nobody else may tell of. Where no backend
   has devices, such words come from a server that is captured, and may be a lie. */
static void note_lost_device(int status, const struct buffer *list, const struct error *err)
{
    struct strlist lines = {0};
    struct os_gpu_report report = {.kind = OS_GPU_NOTE, .time_ms = os_wall_time_ms()};
    if (!answer_devices_are_used())
        return;
    if (status == 0)
        answer_add_lines(list, &lines);
    const char *what = answer_lost_device(&lines, status ? err->text : "");
    if (what) {
        snprintf(report.text, sizeof report.text, "%.*s)", (int)strcspn(what, ")"), what);
        gpus_take(&report);
    }
    strlist_deinit(&lines);
}

static int ask_for_picture(struct session *session, const char *verb, const struct strlist *options,
                           struct reply *reply, struct error *err)
{
    struct agent *agent = session->agent;
    if (strcmp(verb, "screenshot") == 0 && changes_concerns(options))
        return changes_picture(agent->changes, options, session->socket, &reply->bytes, err);
    return worker_pool_picture(agent->workers, verb, options, session->socket, &reply->bytes, err);
}

/* Relays the answer of a capture worker: its list is the reply. */
static int relay_picture(struct session *session, const char *verb, const struct request *request, struct reply *reply,
                         struct error *err)
{
    struct strlist options = {0};
    int status = read_options(request, &options, err);
    if (status == 0)
        status = ask_for_picture(session, verb, &options, reply, err);
    if (status == 0 || status == ERR_UNAVAILABLE || status == ERR_TIMEOUT)
        add_faults(status, &reply->bytes, err);
    note_lost_device(status, &reply->bytes, err);
    strlist_deinit(&options);
    return status;
}

int rpc_screenshot(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    return relay_picture(session, "screenshot", request, reply, err);
}

int rpc_crc(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    return relay_picture(session, "crc", request, reply, err);
}

int rpc_displays(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct strlist options = {0};
    int status = read_options(request, &options, err);
    if (status == 0)
        status = worker_pool_all_displays(session->agent->workers, &options, session->socket, &reply->bytes, err);
    strlist_deinit(&options);
    return status;
}
