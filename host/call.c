/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/client.h"

#include "platform/clock.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOING_SIZE 64 /* bytes of "waiting for the reply to METHOD" */

void call_init(struct call *call, struct periscope *p, enum method_index method, uint32_t arguments, uint32_t wanted)
{
    *call = (struct call){
        .p = p, .method = &methods[method], .arguments = arguments, .wanted = wanted, .answer_ms = p->io_ms};
    buffer_init(&call->request, WIRE_REQUEST_MAX);
    write_u32(&call->request, call->method->id);
    write_u32(&call->request, arguments);
}

void call_deinit(struct call *call)
{
    buffer_deinit(&call->request);
}

void call_allow(struct call *call, int ms)
{
    if (call->answer_ms >= 0)
        call->answer_ms = ms > INT_MAX - call->answer_ms ? INT_MAX : call->answer_ms + ms;
}

int call_send(struct call *call, bool more)
{
    char doing[DOING_SIZE];
    if (call->arguments > WIRE_COUNT_MAX)
        return client_fail(call->p, PERISCOPE_INVALID, "%u arguments are too many for one %s (at most %u)",
                           (unsigned)call->arguments, call->method->name, WIRE_COUNT_MAX);
    if (call->request.failed)
        return client_fail(call->p, PERISCOPE_INVALID, "the arguments of %s have more than %u bytes",
                           call->method->name, WIRE_REQUEST_MAX);
    snprintf(doing, sizeof doing, "sending %s", call->method->name);
    call->p->used = true;
    return client_send(call->p, call->request.data, call->request.len, more, doing);
}

/* Reports a failure of list_read_*. */
static int call_broken(struct call *call, const struct error *err)
{
    char doing[DOING_SIZE];
    snprintf(doing, sizeof doing, "waiting for the reply to %s", call->method->name);
    return client_broken(call->p, err, doing);
}

int call_malformed(struct call *call, const char *what)
{
    periscope_disconnect(call->p);
    return client_fail(call->p, PERISCOPE_NO_AGENT, "%s: the reply to %s is malformed: %s", call->p->name,
                       call->method->name, what);
}

/* Reports the agent's refusal. Every agent answers "unknown RPC 12" when it is too old. A restricted testagentd has
   another text and does not read the arguments of the call, so the connection is closed. */
static int call_refused(struct call *call, const char *text)
{
    char unknown[32];
    snprintf(unknown, sizeof unknown, "unknown RPC %u", (unsigned)call->method->id);
    if (strcmp(text, unknown) == 0)
        return client_fail(call->p, PERISCOPE_UNSUPPORTED, "%s: this agent (%s) does not know %s", call->p->name,
                           call->p->banner, call->method->name);
    if (strstr(text, "RPC is not allowed"))
        periscope_disconnect(call->p);
    return client_fail(call->p, PERISCOPE_REFUSED, "%s", text);
}

/* Reads the text of an `e` entry, which is the reply wherever it stands in the list. */
static int call_take_refusal(struct call *call)
{
    char *text;
    int status = call_text(call, &text);
    if (status)
        return status;
    status = call_end(call);
    if (!status)
        status = call_refused(call, text);
    free(text);
    return status;
}

/* Reads a reply of an unexpected number of entries, in which only an `e` entry is of interest. */
static int call_take_wrong_count(struct call *call)
{
    struct error err;
    struct entry entry;
    char what[64];
    int status;
    while ((status = list_read_entry(&call->reply, &entry, &err)) == 1)
        if (entry.type == WIRE_ERROR)
            return call_take_refusal(call);
    if (status)
        return call_broken(call, &err);
    snprintf(what, sizeof what, "%u entries instead of %u", (unsigned)call->reply.count, (unsigned)call->wanted);
    return call_malformed(call, what);
}

int call_reply(struct call *call)
{
    struct error err;
    call->p->deadline = client_deadline(call->p, call->answer_ms);
    call->p->renewal_len = 0;
    if (list_read_begin(&call->reply, &call->p->input.source, &err))
        return call_broken(call, &err);
    if (call->wanted != CALL_ANY && call->reply.count != call->wanted)
        return call_take_wrong_count(call);
    return 0;
}

int call_entry(struct call *call, const char *types, struct entry *entry)
{
    struct error err;
    char what[64];
    int status = list_read_entry(&call->reply, entry, &err);
    if (status < 0)
        return call_broken(call, &err);
    if (status == 0)
        return call_malformed(call, "it ends too early");
    if (entry->type == WIRE_ERROR)
        return call_take_refusal(call);
    if (entry->type > 0 && entry->type < 0x80 && strchr(types, (int)entry->type))
        return 0;
    snprintf(what, sizeof what, "an entry of type 0x%02x instead of one of '%s'", (unsigned)entry->type, types);
    return call_malformed(call, what);
}

int call_u32(struct call *call, uint32_t *value)
{
    struct error err;
    struct entry entry;
    int status = call_entry(call, "I", &entry);
    if (status)
        return status;
    return list_read_u32(&call->reply, value, &err) ? call_broken(call, &err) : 0;
}

int call_u64(struct call *call, uint64_t *value)
{
    struct error err;
    struct entry entry;
    int status = call_entry(call, "Q", &entry);
    if (status)
        return status;
    return list_read_u64(&call->reply, value, &err) ? call_broken(call, &err) : 0;
}

int call_text(struct call *call, char **text)
{
    struct error err;
    return list_read_text(&call->reply, WIRE_STRING_MAX, text, &err) ? call_broken(call, &err) : 0;
}

static int call_add_text(struct call *call, struct strlist *list)
{
    char *text;
    int status = call_text(call, &text);
    if (status)
        return status;
    call->text_len += strlen(text) + 1;
    bool fits = call->text_len <= PERISCOPE_STRINGS_MAX;
    bool too_many = list->count >= PERISCOPE_STRINGS_COUNT_MAX;
    bool added = !too_many && fits && strlist_add(list, text);
    free(text);
    if (!fits || too_many)
        return call_malformed(call, too_many ? "it has more than 65536 strings (PERISCOPE_STRINGS_COUNT_MAX)"
                                             : "its strings have more than 16 MiB (PERISCOPE_STRINGS_MAX)");
    if (added)
        return 0;
    periscope_disconnect(call->p);
    return client_no_memory(call->p);
}

int call_strings(struct call *call, const char *types, struct strlist *list, struct entry *last)
{
    while (call->reply.index < call->reply.count) {
        int status = call_entry(call, types, last);
        if (status || last->type != WIRE_STRING)
            return status;
        status = call_add_text(call, list);
        if (status)
            return status;
    }
    *last = (struct entry){0};
    return call_end(call);
}

/* Disconnects, since reading what is too much to be kept may take for ever. */
static int call_refuse_size(struct call *call, const struct entry *entry, const struct buffer *bytes)
{
    periscope_disconnect(call->p);
    return client_fail(call->p, PERISCOPE_LOCAL, "the %llu bytes that %s sends exceed the limit of %zu",
                       (unsigned long long)entry->size, call->p->name, bytes->limit);
}

int call_data(struct call *call, const struct entry *entry, struct buffer *bytes)
{
    struct error err;
    uint64_t left = entry->size;
    if (left > bytes->limit - bytes->len)
        return call_refuse_size(call, entry, bytes);
    while (left > 0) {
        size_t step = left < CLIENT_CHUNK_SIZE ? (size_t)left : CLIENT_CHUNK_SIZE;
        uint8_t *room = buffer_extend(bytes, step);
        if (!room) {
            periscope_disconnect(call->p);
            return client_no_memory(call->p);
        }
        int got = list_read_data(&call->reply, room, step, &err);
        if (got < 0)
            return call_broken(call, &err);
        bytes->len -= step - (size_t)got;
        left -= (uint64_t)got;
        client_renew_deadline(call->p, (size_t)got);
        if (!client_progress(call->p, bytes->len, bytes->len + left, left == 0)) {
            periscope_disconnect(call->p);
            return PERISCOPE_LOCAL;
        }
    }
    return 0;
}

int call_end(struct call *call)
{
    struct error err;
    return list_read_end(&call->reply, &err) ? call_broken(call, &err) : 0;
}

void call_allow_sum(struct call *call, uint64_t size)
{
    const uint64_t per_ms = 8192; /* a slow disk */
    call_allow(call, size / per_ms > INT_MAX ? INT_MAX : (int)(size / per_ms));
}

int call_plain(struct call *call)
{
    int status = call_send(call, false);
    if (!status)
        status = call_reply(call);
    return status ? status : call_end(call);
}

/* ---- repeating ---- */

int client_attempt_once(struct periscope *p, client_attempt *attempt, void *context)
{
    p->lost = false;
    int status = client_connect(p);
    return status ? status : attempt(p, context);
}

int client_finish(struct periscope *p, int status)
{
    if (status == PERISCOPE_INTERRUPTED)
        atomic_store(&p->interrupted, false);
    return status;
}

int client_repeat(struct periscope *p, client_attempt *attempt, void *context)
{
    int status = client_attempt_once(p, attempt, context);
    for (int i = 0; i < CLIENT_REPEATS && status && p->lost; i++) {
        status = client_pause(p, CLIENT_REPEAT_PAUSE_MS);
        if (!status)
            status = client_attempt_once(p, attempt, context);
    }
    return client_finish(p, status);
}

int client_continue(struct periscope *p, client_attempt *attempt, void *context, const uint64_t *moved)
{
    bool begun = false;
    for (int failures = 0;;) {
        uint64_t before = *moved;
        int status = client_attempt_once(p, attempt, context);
        begun |= p->lost;
        if (status != PERISCOPE_NO_AGENT || !begun)
            return client_finish(p, status);
        failures = *moved >= before + CLIENT_LEAST_PROGRESS ? 1 : failures + 1;
        if (failures > (*moved ? CLIENT_CONTINUES : CLIENT_REPEATS))
            return client_finish(p, status);
        int pause_ms = *moved ? CLIENT_CONTINUE_MS << 2 * (failures - 1) : CLIENT_REPEAT_PAUSE_MS;
        struct error last = p->error;
        status = client_pause(p, pause_ms);
        if (status)
            return client_finish(p, status);
        p->error = last;
    }
}

int client_need_ranges(struct periscope *p, enum method_index method)
{
    if (p->lacks_ranges)
        return client_fail(p, PERISCOPE_UNSUPPORTED, "%s: this agent (%s) does not know %s", p->name, p->banner,
                           methods[method].name);
    return client_need(p, FIRST_MINOR_OF_PERISCOPE, method);
}

int client_need(struct periscope *p, unsigned minor, enum method_index method)
{
    if (p->minor >= minor)
        return 0;
    return client_fail(p, PERISCOPE_UNSUPPORTED, "%s: this agent (%s) does not know %s", p->name, p->banner,
                       methods[method].name);
}

static int attempt_ping(struct periscope *p, void *context)
{
    (void)context;
    struct call call;
    call_init(&call, p, METHOD_ping, 0, 0);
    int status = call_plain(&call);
    call_deinit(&call);
    return status;
}

int client_once(struct periscope *p, client_attempt *attempt, void *context)
{
    int status = p->socket && p->used ? client_repeat(p, attempt_ping, NULL) : 0;
    return status ? status : client_finish(p, client_attempt_once(p, attempt, context));
}

int periscope_ping(struct periscope *p)
{
    return client_repeat(p, attempt_ping, NULL);
}
