/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* screenshot, crc, displays. */
#include "agent/events.h"
#include "agent/gpu/gpus.h"
#include "agent/log.h"
#include "agent/rpc/rpc.h"
#include "agent/worker/answer.h"
#include "platform/clock.h"

#include <stdio.h>
#include <string.h>

#define FAULTS_MAX 3
#define FAULTS_AGE_MS 600000 /* an older fault has nothing to do with a picture that is bad now */

/* *pieces: the file may leave while it is encoded. That is no option of the picture. */
static int read_options(const struct request *request, struct strlist *options, bool *pieces, struct error *err)
{
    for (uint32_t i = 0; i < request->arg_count; i++) {
        bool asks = pieces && !*pieces && strcmp(request->args[i].text, "pieces=1") == 0;
        if (asks)
            *pieces = true;
        else
            strlist_add(options, request->args[i].text);
    }
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

/* ---- relayed while it comes ---- */

/* A picture whose file leaves while it is encoded. */
struct relay {
    struct session *session;
    struct reply *reply;
    bool begun;
};

/* Sends what the client takes at once; the rest is sent with the reply. */
static void relay_piece(void *context, struct buffer *list)
{
    struct relay *relay = context;
    struct error err;
    if (!relay->begun)
        add_faults(0, list, &err);
    relay->begun = true;
    int sent = os_socket_send_some(relay->session->socket, list->data + relay->reply->sent,
                                   list->len - relay->reply->sent, &err);
    if (sent > 0) /* one who has left is noticed then */
        relay->reply->sent += (size_t)sent;
}

/* Ends a picture of which a part has left: the reason why there is no more stands behind that. */
static int relay_break_off(const struct relay *relay, int status, struct error *err)
{
    if (status == 0 || status == ERR_CLOSED)
        return status;
    log_line("%s: screenshot: %s", relay->session->peer_text, err->text);
    if (answer_break_off(&relay->reply->bytes, err->text))
        return 0;
    return error_set(err, ERR_CLOSED, "no memory to tell that a picture has failed");
}

/* ---- requests ---- */

static int ask_for_picture(struct relay *relay, const char *verb, const struct strlist *options, bool pieces,
                           struct error *err)
{
    struct session *session = relay->session;
    struct agent *agent = session->agent;
    struct buffer *list = &relay->reply->bytes;
    const struct answer_taker taker = {relay_piece, relay};
    if (strcmp(verb, "screenshot") == 0 && changes_concerns(options))
        return changes_picture(agent->changes, options, session->socket, list, err);
    if (pieces)
        return worker_pool_picture_in_pieces(agent->workers, options, session->socket, &taker, list, err);
    return worker_pool_picture(agent->workers, verb, options, session->socket, list, err);
}

/* Relays the answer of a capture worker: its list is the reply. */
static int relay_picture(struct session *session, const char *verb, const struct strlist *options, bool pieces,
                         struct reply *reply, struct error *err)
{
    struct relay relay = {session, reply, false};
    int status = ask_for_picture(&relay, verb, options, pieces, err);
    if (status == ERR_UNAVAILABLE || status == ERR_TIMEOUT || (status == 0 && !relay.begun))
        add_faults(status, &reply->bytes, err);
    note_lost_device(status, &reply->bytes, err);
    return relay.begun ? relay_break_off(&relay, status, err) : status;
}

int rpc_screenshot(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct strlist options = {0};
    bool pieces = false;
    int status = read_options(request, &options, &pieces, err);
    if (status == 0)
        status = relay_picture(session, "screenshot", &options, pieces, reply, err);
    strlist_deinit(&options);
    return status;
}

int rpc_crc(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct strlist options = {0};
    int status = read_options(request, &options, NULL, err);
    if (status == 0)
        status = relay_picture(session, "crc", &options, false, reply, err);
    strlist_deinit(&options);
    return status;
}

int rpc_displays(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct strlist options = {0};
    int status = read_options(request, &options, NULL, err);
    if (status == 0)
        status = worker_pool_all_displays(session->agent->workers, &options, session->socket, &reply->bytes, err);
    strlist_deinit(&options);
    return status;
}
