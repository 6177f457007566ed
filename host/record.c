/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recordings of the guest's screen, and what a program writes into a file meanwhile. */
#include "host/client.h"

#include <inttypes.h>

#define RECORD_MS 20000 /* that the agent may take for the first or the last picture, beside its usual time */

struct record_call {
    enum method_index method;
    const char *id; /* NULL: not of one recording */
    const char *const *options;
    struct strlist facts;
};

static int attempt_record(struct periscope *p, void *context)
{
    struct record_call *what = context;
    struct call call;
    struct entry last;
    uint32_t count = 0;
    strlist_deinit(&what->facts);
    while (what->options && what->options[count])
        count++;
    call_init(&call, p, what->method, count + (what->id != NULL), CALL_ANY);
    if (what->id)
        write_entry_text(&call.request, WIRE_STRING, what->id);
    for (uint32_t i = 0; i < count; i++)
        write_entry_text(&call.request, WIRE_STRING, what->options[i]);
    call_allow(&call, RECORD_MS);
    int status = client_need(p, FIRST_MINOR_OF_PERISCOPE, what->method);
    if (!status)
        status = call_send(&call, false);
    if (!status)
        status = call_reply(&call);
    if (!status)
        status = call_strings(&call, "s", &what->facts, &last);
    call_deinit(&call);
    return status;
}

static int record_end(struct record_call *what, int status, struct periscope_strings *facts)
{
    *facts = (struct periscope_strings){0};
    if (!status)
        strings_take(facts, &what->facts);
    strlist_deinit(&what->facts);
    return status;
}

int periscope_record_start(struct periscope *p, const char *const *options, struct periscope_strings *facts)
{
    struct record_call what = {.method = METHOD_recordstart, .options = options};
    return record_end(&what, client_finish(p, client_once(p, attempt_record, &what)), facts);
}

int periscope_record_stop(struct periscope *p, const char *id, const char *const *options,
                          struct periscope_strings *facts)
{
    struct record_call what = {.method = METHOD_recordstop, .id = id, .options = options};
    return record_end(&what, client_repeat(p, attempt_record, &what), facts);
}

int periscope_record_list(struct periscope *p, struct periscope_strings *facts)
{
    struct record_call what = {.method = METHOD_recordlist};
    return record_end(&what, client_repeat(p, attempt_record, &what), facts);
}

/* ---- a file that grows ---- */

struct await_file {
    const char *path;
    uint64_t size, *end; /* *end: how many bytes it has */
    int wait_ms;
};

static int await_file_ask(struct call *call, const struct await_file *await)
{
    struct strlist options = {0};
    strlist_addf(&options, "file=%s", await->path);
    strlist_addf(&options, "offset=%" PRIu64, await->size);
    strlist_addf(&options, "wait-ms=%d", await->wait_ms);
    strlist_add(&options, "window=1");
    for (size_t i = 0; i < options.count; i++)
        write_entry_text(&call->request, WIRE_STRING, options.items[i]);
    call_allow(call, await->wait_ms);
    int status = options.failed ? client_no_memory(call->p) : call_send(call, false);
    strlist_deinit(&options);
    return status;
}

/* Reads the facts, and the byte that tells that there are more. */
static int await_file_take(struct call *call, const struct await_file *await)
{
    struct strlist facts = {0};
    struct buffer byte;
    struct entry last;
    buffer_init(&byte, 1);
    int status = call_reply(call);
    if (!status)
        status = call_strings(call, "sd", &facts, &last);
    if (!status && last.type == WIRE_DATA)
        status = call_data(call, &last, &byte);
    if (!status)
        status = call_end(call);
    if (!status && !fact_number(&facts, "file.end", await->end))
        status = call_malformed(call, "it does not tell the size of the file");
    buffer_deinit(&byte);
    strlist_deinit(&facts);
    return status;
}

static int attempt_await_file(struct periscope *p, void *context)
{
    struct call call;
    call_init(&call, p, METHOD_follow, 4, CALL_ANY);
    int status = client_need(p, FIRST_MINOR_OF_PERISCOPE, METHOD_follow);
    if (!status)
        status = await_file_ask(&call, context);
    if (!status)
        status = await_file_take(&call, context);
    call_deinit(&call);
    return status;
}

int periscope_await_file(struct periscope *p, const char *remote_file, uint64_t *size, int timeout_ms)
{
    struct await_file await = {.path = remote_file, .size = *size, .end = size, .wait_ms = timeout_ms};
    return client_repeat(p, attempt_await_file, &await);
}
