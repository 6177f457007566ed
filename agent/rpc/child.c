/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run, wait, wait2, rmchildproc, exec, kill. */
#include "agent/log.h"
#include "agent/rpc/rpc.h"
#include "agent/rpc/virtual.h"
#include "agent/stream/stream.h"
#include "base/number.h"
#include "platform/clock.h"
#include "platform/identity.h"

#include <stdlib.h>
#include <string.h>

#define RUN_UNTRACKED 1u
#define RUN_APPEND_OUT 2u
#define RUN_APPEND_ERR 4u
#define WAIT_FOREVER 0xffffffffu /* seconds */
#define GRACE_DEFAULT_MS 2000
#define GRACE_MAX_MS 30000
#define RESTORE_MS 3000
#define NOTE_SIZE 512
#define LIMIT_FILES_MAX 4096 /* bytes */
#define PTY_MAX 10000        /* columns, rows */
#define ENV_MAX 4096         /* each is compared with all others */

/* Finds as whom the host's programs run, with their environment. */
static int child_identity(struct session *session, struct os_identity **as, struct error *err)
{
    char note[NOTE_SIZE];
    int status = os_identity_find(as, agent_run_as(session->agent), err);
    if (status)
        return status;
    status = os_identity_add_environment(*as, note, sizeof note, err);
    if (*note)
        log_line("%s: %s", os_identity_name(*as), note);
    if (status)
        os_identity_free(*as);
    return status;
}

/* Refuses redirections to the names of virtual files: what is written there could not be read back. */
static int child_check_files(const struct os_process_spec *spec, struct error *err)
{
    const char *const files[] = {spec->in, spec->out, spec->err};
    struct error reason;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (files[i] && *files[i] && virtual_file_keep_out(files[i], &reason))
            return error_set(err, reason.status, "unable to open '%s' for %s: %s", files[i], i ? "writing" : "reading",
                             reason.text);
    return 0;
}

/* Starts a child, with streams if any are asked for. */
static int child_start_as(struct session *session, struct os_process_spec *spec, unsigned streams,
                          struct child_wish *wish, uint64_t *pid, struct error *err)
{
    int status = 0;
    if (wish->terminal.columns)
        status = streams_new_terminal(&wish->streams, wish->terminal, spec, err);
    else if (streams)
        status = streams_new(&wish->streams, streams, spec, err);
    if (status)
        return error_prefix(err, status, "could not run '%s': its streams", spec->argv[0]);
    return children_start_with(session->agent->children, spec, wish, pid, err);
}

static int child_start(struct session *session, struct os_process_spec *spec, unsigned streams, struct child_wish *wish,
                       struct reply *reply, struct error *err)
{
    uint64_t pid;
    struct os_identity *as;
    struct error reason;
    int status = child_check_files(spec, err);
    if (status)
        return status;
    if (child_identity(session, &as, &reason))
        return error_set(err, reason.status, "could not run '%s': %s", spec->argv[0], reason.text);
    spec->as = as;
    status = child_start_as(session, spec, streams, wish, &pid, err);
    os_identity_free(as);
    if (status)
        return status == ERR_CLOSED || status == ERR_PROTOCOL ? ERR_SYSTEM : status;
    write_u32(&reply->bytes, 1);
    write_entry_u64(&reply->bytes, pid);
    return 0;
}

int rpc_run(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    const struct argument *args = request->args;
    uint32_t argc = request->arg_count - 4;
    const char **argv = calloc(argc + 1u, sizeof *argv);
    if (!argv)
        return error_set(err, ERR_NO_MEMORY, "could not fork: Cannot allocate memory");
    for (uint32_t i = 0; i < argc; i++)
        argv[i] = args[4 + i].text;
    struct os_process_spec spec = {.argv = argv,
                                   .in = args[1].text,
                                   .out = args[2].text,
                                   .err = args[3].text,
                                   .append_out = args[0].number & RUN_APPEND_OUT,
                                   .append_err = args[0].number & RUN_APPEND_ERR};
    struct child_wish wish = {.tracked = !(args[0].number & RUN_UNTRACKED)};
    int status = child_start(session, &spec, 0, &wish, reply, err);
    free(argv);
    return status;
}

static int child_wait_until(struct session *session, uint64_t pid, int64_t deadline_ms, struct reply *reply,
                            struct error *err)
{
    uint32_t word;
    int status = children_wait(session->agent->children, pid, session->socket, deadline_ms, &word, err);
    if (status)
        return status;
    write_u32(&reply->bytes, 1);
    write_entry_u32(&reply->bytes, word);
    return 0;
}

int rpc_wait(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    return child_wait_until(session, request->args[0].number, OS_FOREVER, reply, err);
}

int rpc_wait2(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    uint64_t seconds = request->args[1].number;
    int64_t deadline = seconds == WAIT_FOREVER ? OS_FOREVER : os_deadline((int64_t)seconds * 1000);
    return child_wait_until(session, request->args[0].number, deadline, reply, err);
}

int rpc_rmchildproc(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    int status = children_forget(session->agent->children, request->args[0].number, err);
    return status ? status : reply_empty(reply);
}

/* ---- exec: options instead of positions ---- */

struct exec {
    struct os_process_spec spec;
    const char **argv, **env; /* owned arrays of borrowed strings, NULL-terminated */
    size_t argc, envc;
    unsigned streams; /* STREAMS_... */
    struct child_wish wish;
};

static int exec_append(struct exec *exec, const char *value, struct error *err)
{
    if (strcmp(value, "out") == 0)
        exec->spec.append_out = true;
    else if (strcmp(value, "err") == 0)
        exec->spec.append_err = true;
    else
        return error_set(err, ERR_INVALID, "exec: append='%s' is neither out nor err", value);
    return 0;
}

static int exec_env(struct exec *exec, const char *value, bool set, struct error *err)
{
    bool has_equals = strchr(value, '=') != NULL;
    if (!*value || *value == '=' || has_equals != set)
        return error_set(err, ERR_INVALID, "exec: %s='%s' is not %s", set ? "env" : "unset", value,
                         set ? "NAME=VALUE" : "a name");
    if (exec->envc == ENV_MAX)
        return error_set(err, ERR_LIMIT, "exec: more than %d options env and unset", ENV_MAX);
    exec->env[exec->envc++] = value;
    return 0;
}

static int exec_console(struct exec *exec, const char *value, struct error *err)
{
    static const char *const names[] = {
        [OS_PROCESS_CONSOLE_SHARED] = "shared", [OS_PROCESS_CONSOLE_NEW] = "new", [OS_PROCESS_CONSOLE_NONE] = "none"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(value, names[i]) == 0) {
            exec->spec.console = (enum os_process_console)i;
            return 0;
        }
    }
    return error_set(err, ERR_INVALID, "exec: console='%s' is not shared, new or none", value);
}

static int exec_stream(struct exec *exec, const char *value, struct error *err)
{
    static const struct {
        const char *name;
        unsigned stream;
    } names[] = {{"in", STREAMS_IN}, {"out", STREAMS_OUT}, {"err", STREAMS_ERR}, {"merged", STREAMS_MERGED}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(value, names[i].name) == 0) {
            exec->streams |= names[i].stream;
            return 0;
        }
    }
    return error_set(err, ERR_INVALID, "exec: stream='%s' is not in, out, err or merged", value);
}

/* Takes a name that people can read in any list: printable ASCII without blanks. */
static int child_check_tag(const char *rpc, const char *tag, struct error *err)
{
    size_t len = strlen(tag);
    bool good = len > 0 && len <= CHILD_TAG_MAX;
    for (size_t i = 0; i < len && good; i++)
        good = tag[i] > ' ' && tag[i] < 0x7f;
    return good ? 0
                : error_set(err, ERR_INVALID, "%s: tag='%.*s' is not 1 to %d printable characters without blanks", rpc,
                            CHILD_TAG_MAX, tag, CHILD_TAG_MAX);
}

static int exec_tag(struct exec *exec, const char *value, struct error *err)
{
    exec->wish.tag = value;
    return child_check_tag("exec", value, err);
}

/* Parses "80x24". */
static int child_parse_size(const char *what, const char *value, struct os_pty_size *size, struct error *err)
{
    uint64_t columns, rows;
    const char *at = value;
    if (!number_take(&at, PTY_MAX, &columns) || *at++ != 'x' || !number_take(&at, PTY_MAX, &rows) || *at || !columns ||
        !rows)
        return error_set(err, ERR_INVALID, "%s='%s' is not COLUMNSxROWS, each from 1 to %d", what, value, PTY_MAX);
    *size = (struct os_pty_size){(unsigned)columns, (unsigned)rows};
    return 0;
}

static int exec_at_limit(struct exec *exec, const char *value, struct error *err)
{
    int status = limit_parse_actions(&exec->wish.limit.actions, value, err);
    return status ? error_prefix(err, status, "exec") : 0;
}

static int exec_limit(struct exec *exec, const char *value, struct error *err)
{
    const char *end = value;
    uint64_t ms;
    if (!number_take(&end, LIMIT_MAX_MS, &ms) || *end || ms == 0)
        return error_set(err, ERR_INVALID, "exec: limit-ms='%s' is not a number from 1 to %lld", value,
                         (long long)LIMIT_MAX_MS);
    exec->wish.limit.ms = (int64_t)ms;
    return 0;
}

/* Completes what is to be done at the time limit: what is written lies beside an output. */
static int exec_check_limit(struct exec *exec, struct error *err)
{
    struct child_limit *limit = &exec->wish.limit;
    struct error reason;
    if (!limit->ms && (limit->actions || limit->files))
        return error_set(err, ERR_INVALID, "exec: at-limit and limit-files are of a limit-ms");
    if (!limit->actions)
        limit->actions = LIMIT_KILL;
    if (!limit->files)
        limit->files = exec->spec.out && *exec->spec.out ? exec->spec.out : exec->spec.err;
    if (!(limit->actions & ~(unsigned)LIMIT_KILL))
        return 0;
    if (!limit->files || !*limit->files)
        return error_set(err, ERR_INVALID, "exec: at-limit: without an output's file limit-files= is needed");
    if (strlen(limit->files) > LIMIT_FILES_MAX)
        return error_set(err, ERR_INVALID, "exec: limit-files has more than %d bytes", LIMIT_FILES_MAX);
    if (virtual_file_keep_out(limit->files, &reason))
        return error_set(err, reason.status, "exec: limit-files '%s': %s", limit->files, reason.text);
    return 0;
}

/* Refuses a standard handle that is to be two things. */
static int exec_check_streams(const struct exec *exec, struct error *err)
{
    const struct os_process_spec *spec = &exec->spec;
    unsigned files = (spec->in && *spec->in ? STREAMS_IN : 0) |
                     (spec->out && *spec->out ? STREAMS_OUT | STREAMS_MERGED : 0) |
                     (spec->err && *spec->err ? STREAMS_ERR | STREAMS_MERGED : 0);
    if (exec->streams & files)
        return error_set(err, ERR_INVALID, "exec: a handle that is streamed can't be a file too: follow the file");
    if (exec->streams & STREAMS_MERGED && exec->streams & (STREAMS_OUT | STREAMS_ERR))
        return error_set(err, ERR_INVALID, "exec: stream=merged is both outputs, so neither can be streamed apart");
    if (exec->wish.terminal.columns &&
        (exec->streams || (spec->in && *spec->in) || (spec->out && *spec->out) || (spec->err && *spec->err)))
        return error_set(err, ERR_INVALID, "exec: with pty= all three handles are the terminal's: no file, no stream=");
    if ((exec->streams || exec->wish.terminal.columns) && !exec->wish.tracked)
        return error_set(err, ERR_INVALID, "exec: the streams of an untracked program could not be found again");
    return 0;
}

/* Returns the text after "key=" when the option has that key, else NULL. */
static const char *child_option_value(const char *option, const char *key)
{
    size_t len = strlen(key);
    return strncmp(option, key, len) == 0 && option[len] == '=' ? option + len + 1 : NULL;
}

static int exec_option(struct exec *exec, const char *option, struct error *err)
{
    const struct {
        const char *key;
        const char **field;
    } texts[] = {{"cwd", &exec->spec.cwd}, {"in", &exec->spec.in}, {"out", &exec->spec.out}, {"err", &exec->spec.err}};
    const char *value;
    if ((value = child_option_value(option, "arg"))) {
        exec->argv[exec->argc++] = value;
        return 0;
    }
    if ((value = child_option_value(option, "env")))
        return exec_env(exec, value, true, err);
    if ((value = child_option_value(option, "unset")))
        return exec_env(exec, value, false, err);
    if ((value = child_option_value(option, "append")))
        return exec_append(exec, value, err);
    if ((value = child_option_value(option, "console")))
        return exec_console(exec, value, err);
    if ((value = child_option_value(option, "stream")))
        return exec_stream(exec, value, err);
    if ((value = child_option_value(option, "tag")))
        return exec_tag(exec, value, err);
    if ((value = child_option_value(option, "limit-ms")))
        return exec_limit(exec, value, err);
    if ((value = child_option_value(option, "at-limit")))
        return exec_at_limit(exec, value, err);
    if ((value = child_option_value(option, "limit-files"))) {
        exec->wish.limit.files = value;
        return 0;
    }
    if ((value = child_option_value(option, "pty")))
        return child_parse_size("exec: pty", value, &exec->wish.terminal, err);
    if (strcmp(option, "untracked=1") == 0) {
        exec->wish.tracked = false;
        return 0;
    }
    if (strcmp(option, "check-dlls=1") == 0) {
        exec->spec.check_dlls = true;
        return 0;
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if ((value = child_option_value(option, texts[i].key))) {
            *texts[i].field = value;
            return 0;
        }
    }
    return error_set(err, ERR_INVALID, "exec: unknown option '%s'", option);
}

static int exec_parse(struct exec *exec, const struct request *request, struct error *err)
{
    exec->argv = calloc(request->arg_count + 1u, sizeof *exec->argv);
    exec->env = calloc(request->arg_count + 1u, sizeof *exec->env);
    if (!exec->argv || !exec->env)
        return error_set(err, ERR_NO_MEMORY, "exec: no memory for its options");
    for (uint32_t i = 0; i < request->arg_count; i++) {
        int status = exec_option(exec, request->args[i].text, err);
        if (status)
            return status;
    }
    if (exec->argc == 0)
        return error_set(err, ERR_INVALID, "exec: no arg= given");
    exec->spec.argv = exec->argv;
    exec->spec.env = exec->env;
    int status = exec_check_streams(exec, err);
    return status ? status : exec_check_limit(exec, err);
}

int rpc_exec(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct exec exec = {.spec = {.report_exec_failure = true}, .wish.tracked = true};
    int status = exec_parse(&exec, request, err);
    if (status == 0)
        status = child_start(session, &exec.spec, exec.streams, &exec.wish, reply, err);
    free(exec.argv);
    free(exec.env);
    return status;
}

/* ---- terminal ---- */

static int terminal_option(struct os_pty_size *size, const char **signal, const char *option, struct error *err)
{
    const char *value = child_option_value(option, "size");
    if (value)
        return child_parse_size("terminal: size", value, size, err);
    value = child_option_value(option, "signal");
    if (!value)
        return error_set(err, ERR_INVALID, "terminal: unknown option '%s'", option);
    *signal = value;
    return 0;
}

int rpc_terminal(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct os_pty_size size = {0, 0};
    const char *signal = NULL;
    struct streams *streams;
    unsigned long long pid = request->args[0].number;
    int status = 0;
    for (uint32_t i = 1; i < request->arg_count && status == 0; i++)
        status = terminal_option(&size, &signal, request->args[i].text, err);
    if (status == 0)
        status = children_streams(session->agent->children, pid, &streams, err);
    if (status)
        return status;
    status = streams_terminal(streams, size, signal, err);
    streams_release(streams);
    return status ? error_prefix(err, status, "the %llu process: terminal", pid) : reply_empty(reply);
}

/* ---- kill ---- */

struct killing {
    uint64_t pid; /* 0: by the tag */
    const char *tag;
    bool alone; /* not its tree */
    int grace_ms;
    struct strlist killed;
};

static int kill_grace(struct killing *killing, const char *value, struct error *err)
{
    char *end;
    unsigned long ms = strtoul(value, &end, 10);
    if (*value < '0' || *value > '9' || *end || ms > GRACE_MAX_MS)
        return error_set(err, ERR_INVALID, "kill: grace-ms='%s' is not a number from 0 to %d", value, GRACE_MAX_MS);
    killing->grace_ms = (int)ms;
    return 0;
}

static int kill_option(struct killing *killing, const char *option, struct error *err)
{
    const char *value = child_option_value(option, "grace-ms");
    if (value)
        return kill_grace(killing, value, err);
    if (strcmp(option, "tree=0") == 0 || strcmp(option, "tree=1") == 0) {
        killing->alone = option[5] == '0';
        return 0;
    }
    killing->tag = child_option_value(option, "tag");
    if (killing->tag)
        return child_check_tag("kill", killing->tag, err);
    return error_set(err, ERR_INVALID, "kill: unknown option '%s'", option);
}

static int kill_parse(struct killing *killing, const struct request *request, struct error *err)
{
    int status = 0;
    for (uint32_t i = 1; i < request->arg_count && status == 0; i++)
        status = kill_option(killing, request->args[i].text, err);
    if (status == 0 && killing->pid && killing->tag)
        return error_set(err, ERR_INVALID, "kill: pid %llu and tag='%s': one of them, the other is 0 or left out",
                         (unsigned long long)killing->pid, killing->tag);
    if (status == 0 && killing->alone && killing->tag)
        return error_set(err, ERR_INVALID, "kill: tree=0 is of one process, and tag='%s' names programs", killing->tag);
    return status;
}

static int kill_named(struct children *children, struct killing *killing, struct error *err)
{
    if (killing->tag)
        return children_kill_tag(children, killing->tag, killing->grace_ms, &killing->killed, err);
    if (killing->alone)
        return children_kill_one(children, killing->pid, killing->grace_ms, &killing->killed, err);
    return children_kill(children, killing->pid, killing->grace_ms, &killing->killed, err);
}

static void log_kill(const struct session *session, const struct killing *killing)
{
    if (killing->tag)
        log_line("%s: ended the children of the tag %s: %zu processes", session->peer_text, killing->tag,
                 killing->killed.count);
    else
        log_line("%s: ended %s %llu: %zu processes", session->peer_text, killing->alone ? "process" : "child",
                 (unsigned long long)killing->pid, killing->killed.count);
}

/* Restores the display's mode, which a killed program can't do itself, and adds its facts after those of the killed
   processes. While other children run the mode may be theirs, and is left alone. */
static void child_restore_display(struct agent *agent, struct strlist *facts)
{
    unsigned running, exited;
    struct error reason;
    bool any = facts->count > 0;
    children_count(agent->children, &running, &exited);
    if (any && running == 0 && worker_pool_restore_display(agent->workers, RESTORE_MS, facts, &reason))
        strlist_addf(facts, "display=not looked at: %s", reason.text);
}

int rpc_kill(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct killing killing = {.pid = request->args[0].number, .grace_ms = GRACE_DEFAULT_MS};
    int status = kill_parse(&killing, request, err);
    if (status == 0)
        status = kill_named(session->agent->children, &killing, err);
    if (status == 0) {
        log_kill(session, &killing);
        child_restore_display(session->agent, &killing.killed);
        status = killing.killed.failed
                     ? error_set(err, ERR_NO_MEMORY, "kill: it has ended, but there is no memory to list it")
                     : reply_strings(reply, &killing.killed);
    }
    strlist_deinit(&killing.killed);
    return status;
}
