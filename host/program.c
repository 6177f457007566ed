/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starts and ends programs in the guest. */
#include "host/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUN_UNTRACKED = 1, RUN_APPEND_OUT = 2, RUN_APPEND_ERR = 4 }; /* flags of the RPC run */

#define RUN_WORDS_MAX (WIRE_COUNT_MAX - 16) /* the request has a few options too */
#define KILL_GRACE_MS 2000                  /* the agent's default */
#define KILL_GRACE_MAX_MS 30000
#define TAG_MAX 64 /* bytes */
#define TAG_OPTION_SIZE (TAG_MAX + 8)

struct start {
    const struct periscope_run *run;
    uint64_t *pid;
};

/* Sends the completed request and reads the process id from the reply. */
static int start_finish(struct call *call, const struct start *start)
{
    int status = call_send(call, false);
    if (!status)
        status = call_reply(call);
    if (!status)
        status = call_u64(call, start->pid);
    call_deinit(call);
    return status;
}

/* ---- the RPC run ---- */

static int start_by_run(struct periscope *p, const struct start *start)
{
    const struct periscope_run *run = start->run;
    const char *const files[] = {run->in, run->out, run->err};
    uint32_t count = 0;
    while (run->argv[count])
        count++;
    struct call call;
    call_init(&call, p, METHOD_run, 4 + count, 1);
    write_entry_u32(&call.request, (run->untracked ? RUN_UNTRACKED : 0) | (run->append_out ? RUN_APPEND_OUT : 0) |
                                       (run->append_err ? RUN_APPEND_ERR : 0));
    for (size_t i = 0; i < 3; i++)
        write_entry_text(&call.request, WIRE_STRING, files[i] ? files[i] : "");
    for (uint32_t i = 0; i < count; i++)
        write_entry_text(&call.request, WIRE_STRING, run->argv[i]);
    return start_finish(&call, start);
}

/* ---- the RPC exec ---- */

static void exec_add_each(struct strlist *options, const char *key, const char *const *values)
{
    for (; values && *values; values++)
        strlist_addf(options, "%s=%s", key, *values);
}

static void exec_add_file(struct strlist *options, const char *key, const char *value)
{
    if (value && *value)
        strlist_addf(options, "%s=%s", key, value);
}

static size_t exec_count(const char *const *values)
{
    size_t count = 0;
    while (values && values[count])
        count++;
    return count;
}

static const char *const stream_names[] = {"in", "out", "err", "merged"}; /* by bit of PERISCOPE_STREAM_... */

static void exec_options(struct strlist *options, const struct periscope_run *run)
{
    exec_add_each(options, "arg", run->argv);
    for (const char *const *env = run->env; env && *env; env++)
        strlist_addf(options, "%s=%s", strchr(*env, '=') ? "env" : "unset", *env);
    exec_add_file(options, "cwd", run->cwd);
    exec_add_file(options, "in", run->in);
    exec_add_file(options, "out", run->out);
    exec_add_file(options, "err", run->err);
    exec_add_file(options, "console", run->console);
    exec_add_file(options, "tag", run->tag);
    if (run->limit_ms)
        strlist_addf(options, "limit-ms=%lld", (long long)run->limit_ms);
    exec_add_file(options, "pty", run->terminal);
    exec_add_file(options, "at-limit", run->at_limit);
    exec_add_file(options, "limit-files", run->limit_files);
    if (run->append_out)
        strlist_add(options, "append=out");
    if (run->append_err)
        strlist_add(options, "append=err");
    if (run->untracked)
        strlist_add(options, "untracked=1");
    if (run->check_dlls)
        strlist_add(options, "check-dlls=1");
    for (size_t i = 0; i < sizeof stream_names / sizeof *stream_names; i++)
        if (run->streams & 1u << i)
            strlist_addf(options, "stream=%s", stream_names[i]);
}

static int start_by_exec(struct periscope *p, const struct start *start)
{
    struct call call;
    struct strlist options = {0};
    exec_options(&options, start->run);
    if (options.failed) {
        strlist_deinit(&options);
        return client_no_memory(p);
    }
    call_init(&call, p, METHOD_exec, (uint32_t)options.count, 1);
    for (size_t i = 0; i < options.count; i++)
        write_entry_text(&call.request, WIRE_STRING, options.items[i]);
    strlist_deinit(&options);
    return start_finish(&call, start);
}

/* Starts a program by exec, which reports at once what could not be started, or else by run. An agent without exec
   refuses it after having read the request. */
static int attempt_start(struct periscope *p, void *context)
{
    const struct start *start = context;
    const struct periscope_run *run = start->run;
    bool needs_exec =
        run->env || run->cwd || run->console || run->streams || run->tag || run->limit_ms || run->terminal;
    if (p->minor >= FIRST_MINOR_OF_PERISCOPE && !p->lacks_exec) {
        int status = start_by_exec(p, start);
        if (status == PERISCOPE_REFUSED && strstr(p->error.text, "exec: unknown option 'stream="))
            return client_fail(p, PERISCOPE_UNSUPPORTED, "%s: this agent (%s) can't stream", p->name, p->banner);
        if (status == PERISCOPE_REFUSED && strstr(p->error.text, "exec: unknown option '"))
            return client_fail(p, PERISCOPE_UNSUPPORTED, "%s: this agent (%s) is older: %s", p->name, p->banner,
                               strstr(p->error.text, "exec: unknown option '"));
        if (status != PERISCOPE_UNSUPPORTED)
            return status;
        p->lacks_exec = true;
    }
    if (needs_exec)
        return client_fail(
            p, PERISCOPE_UNSUPPORTED,
            "%s: this agent (%s) can't set a program's environment, folder, console, tag, limit or streams", p->name,
            p->banner);
    return start_by_run(p, start);
}

int periscope_run(struct periscope *p, const struct periscope_run *run, uint64_t *pid)
{
    struct start start = {run, pid};
    *pid = 0;
    if (!run->argv || !run->argv[0])
        return client_fail(p, PERISCOPE_INVALID, "nothing to run: the arguments are empty");
    size_t count = exec_count(run->argv) + exec_count(run->env);
    if (count > RUN_WORDS_MAX)
        return client_fail(p, PERISCOPE_INVALID, "%zu arguments and variables are too many (at most %u)", count,
                           RUN_WORDS_MAX);
    return client_once(p, attempt_start, &start);
}

/* ---- terminals ---- */

struct terminal_request {
    uint64_t pid;
    const char *const *options;
};

static int attempt_terminal(struct periscope *p, void *context)
{
    const struct terminal_request *request = context;
    struct call call;
    uint32_t count = (uint32_t)exec_count(request->options);
    call_init(&call, p, METHOD_terminal, 1 + count, 0);
    write_entry_u64(&call.request, request->pid);
    for (uint32_t i = 0; i < count; i++)
        write_entry_text(&call.request, WIRE_STRING, request->options[i]);
    int status = client_need(p, FIRST_MINOR_OF_PERISCOPE, METHOD_terminal);
    if (!status)
        status = call_plain(&call);
    call_deinit(&call);
    return status;
}

int periscope_terminal(struct periscope *p, uint64_t pid, const char *const *options)
{
    struct terminal_request request = {pid, options};
    return client_once(p, attempt_terminal, &request);
}

/* ---- ending programs ---- */

struct kill_request {
    uint64_t pid;
    const char *tag; /* NULL: by the pid */
    bool alone;      /* not its tree */
    int grace_ms;
    struct strlist killed;
};

static int attempt_kill(struct periscope *p, void *context)
{
    struct kill_request *request = context;
    struct call call;
    struct entry last;
    char option[TAG_OPTION_SIZE];
    call_init(&call, p, METHOD_kill, 1 + (request->tag != NULL) + request->alone + (request->grace_ms >= 0), CALL_ANY);
    write_entry_u64(&call.request, request->pid);
    if (request->tag) {
        snprintf(option, sizeof option, "tag=%s", request->tag);
        write_entry_text(&call.request, WIRE_STRING, option);
    }
    if (request->alone)
        write_entry_text(&call.request, WIRE_STRING, "tree=0");
    if (request->grace_ms >= 0) {
        snprintf(option, sizeof option, "grace-ms=%d", request->grace_ms);
        write_entry_text(&call.request, WIRE_STRING, option);
    }
    call_allow(&call, request->grace_ms < 0 ? KILL_GRACE_MS : request->grace_ms);
    int status = client_need(p, FIRST_MINOR_OF_PERISCOPE, METHOD_kill);
    if (!status)
        status = call_send(&call, false);
    if (!status)
        status = call_reply(&call);
    if (!status)
        status = call_strings(&call, "s", &request->killed, &last);
    call_deinit(&call);
    return status;
}

static int kill_once(struct periscope *p, struct kill_request *request, struct periscope_strings *killed)
{
    if (killed)
        *killed = (struct periscope_strings){0};
    if (request->grace_ms > KILL_GRACE_MAX_MS)
        return client_fail(p, PERISCOPE_INVALID, "a grace of %d ms is too long (at most %d)", request->grace_ms,
                           KILL_GRACE_MAX_MS);
    int status = client_once(p, attempt_kill, request);
    if (!status && killed)
        strings_take(killed, &request->killed);
    strlist_deinit(&request->killed);
    return status;
}

int periscope_kill(struct periscope *p, uint64_t pid, int grace_ms, struct periscope_strings *killed)
{
    struct kill_request request = {.pid = pid, .grace_ms = grace_ms};
    return kill_once(p, &request, killed);
}

int periscope_kill_one(struct periscope *p, uint64_t pid, int grace_ms, struct periscope_strings *killed)
{
    struct kill_request request = {.pid = pid, .alone = true, .grace_ms = grace_ms};
    return kill_once(p, &request, killed);
}

int periscope_kill_tag(struct periscope *p, const char *tag, int grace_ms, struct periscope_strings *killed)
{
    struct kill_request request = {.tag = tag, .grace_ms = grace_ms};
    if (strlen(tag) > TAG_MAX)
        return client_fail(p, PERISCOPE_INVALID, "a tag of %zu bytes is too long (at most %d)", strlen(tag), TAG_MAX);
    return kill_once(p, &request, killed);
}
