/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* recordstart, recordstop, recordlist. */
#include "agent/log.h"
#include "agent/record/place.h"
#include "agent/record/recorder.h"
#include "agent/rpc/files.h"
#include "agent/rpc/option.h"
#include "agent/rpc/virtual.h"
#include "agent/worker/record.h"

#include <stdlib.h>
#include <string.h>

#define RATE 5 /* the defaults */
#define RATE_MAX 20
#define BYTES (UINT64_C(256) << 20)
#define BYTES_MIN (UINT64_C(1) << 20)
#define FILES 10000
#define FILES_MIN 8
#define FILES_MAX 60000 /* fewer than a folder may have to be fetched */

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* Splits the options into those of the recorder, for which a request of them alone is made, and those of its worker. */
static int read_wanted(const struct request *request, struct recording_wanted *wanted, struct error *err)
{
    const struct option known[] = {{"folder", OPTION_TEXT, &wanted->folder},
                                   {"rate", OPTION_NUMBER, &wanted->rate},
                                   {"bytes", OPTION_NUMBER, &wanted->bytes},
                                   {"files", OPTION_NUMBER, &wanted->files},
                                   {0}};
    int status = 0;
    bool cursor = false;
    for (uint32_t i = 0; i < request->arg_count && status == 0; i++) {
        const char *text = request->args[i].text;
        bool own = starts_with(text, "folder=") || starts_with(text, "rate=") || starts_with(text, "bytes=") ||
                   starts_with(text, "files=");
        struct request one = {.method = request->method, .args = &request->args[i], .arg_count = 1};
        cursor |= starts_with(text, "cursor=");
        if (own)
            status = options_read(&one, 0, known, err);
        else if (starts_with(text, "wait-ms=") || starts_with(text, "shown=") || starts_with(text, "base=") ||
                 starts_with(text, "deadline-ms="))
            status = error_set(err, ERR_INVALID, "recordstart: unknown option '%s'", text);
        else
            strlist_add(&wanted->options, text);
    }
    if (!cursor)
        strlist_add(&wanted->options, "cursor=0"); /* a pointer that moves is no picture */
    if (status == 0 && wanted->options.failed)
        status = error_set(err, ERR_NO_MEMORY, "no memory for the options of a recording");
    return status;
}

static int check_number(const char *key, uint64_t value, uint64_t min, uint64_t max, struct error *err)
{
    if (value >= min && value <= max)
        return 0;
    return error_set(err, ERR_INVALID, "recordstart: %s=%llu is not from %llu to %llu", key, (unsigned long long)value,
                     (unsigned long long)min, (unsigned long long)max);
}

static int check_wanted(const struct recording_wanted *wanted, struct error *err)
{
    struct record_options options;
    int status = record_options_parse(&options, &wanted->options, err);
    record_options_deinit(&options);
    if (status == 0 && wanted->folder)
        status = virtual_file_keep_out(wanted->folder, err);
    if (status == 0)
        status = check_number("rate", wanted->rate, 1, RATE_MAX, err);
    if (status == 0)
        status = check_number("bytes", wanted->bytes, BYTES_MIN, INT64_MAX, err);
    return status ? status : check_number("files", wanted->files, FILES_MIN, FILES_MAX, err);
}

/* Chooses who writes, and where: what a host has named is the user's, and else all is the agent's, since a test may read its
   user's files and the screen may be another's. */
static int choose_place(const struct agent *agent, struct recording_wanted *wanted, struct os_identity **as,
                        struct error *err)
{
    const char *own = journal_folder(agent->journal), *run_as = agent_run_as(agent);
    if (wanted->folder)
        return os_identity_find(as, run_as, err);
    if (!*own && strcmp(run_as, OS_IDENTITY_AGENT) != 0)
        return error_set(err, ERR_UNAVAILABLE,
                         "recordstart: the agent has no folder of its own (journal = none): folder=NAME is needed");
    int status = *own ? place_make(&wanted->own, own, run_as, err) : 0;
    return status ? status : os_identity_find(as, OS_IDENTITY_AGENT, err);
}

int rpc_recordstart(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct recording_wanted wanted = {.rate = RATE, .bytes = BYTES, .files = FILES};
    struct strlist facts = {0};
    struct os_identity *as;
    int status = read_wanted(request, &wanted, err);
    if (status == 0)
        status = check_wanted(&wanted, err);
    if (status == 0)
        status = choose_place(session->agent, &wanted, &as, err);
    if (status) {
        strlist_deinit(&wanted.options);
        free(wanted.own);
        return status;
    }
    status = recorder_start(session->agent->recorder, &wanted, as, &facts, err);
    if (status == 0) {
        log_line("%s: records the screen into '%s'", session->peer_text, strlist_get(&facts, "folder"));
        return files_reply(reply, &facts, 0, err);
    }
    strlist_deinit(&facts);
    return status;
}

int rpc_recordstop(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    const char *why = "a host has stopped it";
    const struct option known[] = {{"reason", OPTION_TEXT, &why}, {0}};
    struct strlist facts = {0};
    int status = options_read(request, 1, known, err);
    if (status == 0)
        status = recorder_stop(session->agent->recorder, request->args[0].text, why, &facts, err);
    if (status == 0)
        return files_reply(reply, &facts, 0, err);
    strlist_deinit(&facts);
    return status == ERR_TIMEOUT ? error_set(err, ERR_UNAVAILABLE, "%s", err->text) : status;
}

int rpc_recordlist(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct strlist facts = {0};
    (void)request;
    recorder_list(session->agent->recorder, &facts);
    return files_reply(reply, &facts, 0, err);
}
