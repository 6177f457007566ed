/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/run.h"
#include "agent/access/admission.h"
#include "agent/access/gate.h"
#include "agent/clients.h"
#include "agent/events.h"
#include "agent/gpu/gpus.h"
#include "agent/heartbeat.h"
#include "agent/input/input.h"
#include "agent/limit/limit.h"
#include "agent/log.h"
#include "agent/access/refusals.h"
#include "agent/record/recorder.h"
#include "agent/say.h"
#include "agent/sessions.h"
#include "agent/stream/stream.h"
#include "agent/transfers.h"
#include "base/line.h"
#include "platform/append.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/memory.h"
#include "platform/service.h"
#include "platform/sysinfo.h"
#include "platform/upgrade.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_NAME_SIZE 256       /* bytes */
#define JOURNAL_FOLDER_MAX 4096 /* bytes of its name, with the NUL */
#define STATE_MAX (64u << 20)   /* bytes of what an upgrade hands over */

static void resume_line(struct agent *agent, char *line)
{
    line_restore(line);
    if (!events_restore(line) && !recorder_restore(agent->recorder, line) && !streams_restore(line))
        children_restore(agent->children, line);
}

/* Takes over the listener and the children of the agent that this process was before an upgrade. No status is collected
   until the start has succeeded: it may take another try. */
static int resume(struct agent *agent, struct error *err)
{
    struct buffer state;
    children_freeze(agent->children);
    buffer_init(&state, STATE_MAX);
    int status = os_upgrade_resume(agent->options->resume, &agent->listener, &state, err);
    if (status == 0)
        for (char *line = strtok((char *)state.data, "\n"); line; line = strtok(NULL, "\n"))
            resume_line(agent, line);
    buffer_deinit(&state);
    return status;
}

static int find_port(struct agent *agent, struct error *err)
{
    agent->port = os_listener_port(agent->listener);
    return agent->port ? 0 : error_set(err, ERR_SYSTEM, "could not find the port that the agent listens on");
}

static int open_listener(struct agent *agent, struct error *err)
{
    const struct options *options = agent->options;
    int status = 0;
    if (agent->listener) {
        status = find_port(agent, err);
        if (status || options->port == 0 || options->port == agent->port)
            return status;
        os_listener_close(agent->listener); /* restarted on another port */
        agent->listener = NULL;
    }
    status = os_listen(&agent->listener, options->bind_to, options->port, err);
    return status ? status : find_port(agent, err);
}

static void stop_workers(struct agent *agent)
{
    worker_pool_stop(agent->workers);
    ready_stop(agent->ready);
    changes_stop(agent->changes);
    input_stop(agent->input);
}

/* Becomes the next executable, at a point where no child starts and no status is collected. Returns only on failure. */
static int become_next(struct agent *agent, struct error *err)
{
    struct buffer state;
    recorder_end(agent->recorder, NULL);
    stop_workers(agent);
    log_flush(LOG_FLUSH_MS);
    buffer_init(&state, STATE_MAX);
    children_freeze(agent->children);
    streams_save(&state);
    children_save(agent->children, &state);
    events_save(&state);
    recorder_save(agent->recorder, &state);
    journal_close(agent->journal);
    struct slice text = {state.data, state.len};
    int status = state.failed
                     ? error_set(err, ERR_LIMIT,
                                 "unable to start the new server: the children's records exceed %u bytes", STATE_MAX)
                     : os_upgrade_exec(agent->next_path, (const char *const *)agent->next_argv.items, agent->listener,
                                       text, err);
    journal_open(agent->journal, "start");
    children_thaw(agent->children);
    recorder_go_on(agent->recorder);
    buffer_deinit(&state);
    return status;
}

/* Adds the events that were before this start: the boot, and a crash of the last one or of the agent. */
static void tell_before(const struct agent *agent)
{
    struct strlist facts = {0};
    os_sysinfo(&facts);
    const char *boot = strlist_get(&facts, "boot.time");
    if (boot)
        events_add_at(strtoll(boot, NULL, 10) * 1000, "boot", "the system was booted");
    const char *machine = strlist_get(&agent->last_end, "last.end"), *own = strlist_get(&agent->last_end, "agent.end");
    if (machine && (strncmp(machine, "crash", 5) == 0 || strncmp(machine, "lost", 4) == 0))
        events_add("crash", "the boot before this one ended by: %s", machine);
    if (own && strcmp(own, "crash") == 0)
        events_add("crash", "the agent before this one ended by a crash");
    strlist_deinit(&facts);
}

static void report_ready(const struct agent *agent)
{
    char text[96];
    snprintf(text, sizeof text, "periscoped " PERISCOPE_VERSION " listens on port %u", agent->port);
    log_line("%s", text);
    events_add("agent", "%s", text);
    os_service_ready(text);
}

/* Removes what uploads have left that ended with the process. Files of other folders have no name until they are whole,
   where the file system can do without. */
static void sweep_uploads(void)
{
    unsigned count = os_upload_sweep();
    if (count)
        log_line("removed %u temporary files of uploads that were never completed", count);
}

static void say_ready(const struct agent *agent)
{
    char text[96];
    snprintf(text, sizeof text, "Starting testagentd 1.%u\nperiscoped: READY port %u\n", agent->options->protocol_minor,
             agent->port);
    say(OS_STANDARD_OUTPUT, text);
}

/* Says why the agent ends, after what it has logged. */
static void say_failure(const char *why)
{
    char text[ERROR_TEXT_SIZE + 16];
    log_flush(LOG_FLUSH_MS);
    snprintf(text, sizeof text, "periscoped: %s\n", why);
    say(OS_STANDARD_ERROR, text);
}

/* Keeps the journal; one that can't be written is none. An agent that only sets the time promises nothing. */
static int start_journal(struct agent *agent, struct error *err)
{
    const struct options *options = agent->options;
    struct buffer folder;
    buffer_init(&folder, JOURNAL_FOLDER_MAX);
    if (options->journal && strcmp(options->journal, "none") != 0)
        buffer_append(&folder, options->journal, strlen(options->journal) + 1);
    else if (!options->journal && !options->set_time_only)
        os_own_folder_find(&folder);
    if (folder.len == 0)
        buffer_append(&folder, "", 1);
    if (!folder.failed)
        agent->journal = children_keep_journal(agent->children, (const char *)folder.data, agent_run_as(agent),
                                               options->resume != NULL);
    buffer_deinit(&folder);
    if (agent->journal)
        last_end_find(agent);
    return agent->journal ? 0 : error_set(err, ERR_NO_MEMORY, "no memory for the journal");
}

/* Listens, with the children and the port of the agent that was upgraded, if so. */
static int start_listening(struct agent *agent, struct error *err)
{
    if (agent->options->resume && resume(agent, err))
        return ERR_SYSTEM;
    int status = open_listener(agent, err);
    if (status == 0)
        status = allow_start(agent->allow, err);
    if (status == 0)
        status = spares_new(&agent->spares, err);
    if (status == 0)
        status = start_journal(agent, err); /* before the agent that was upgraded is forgotten */
    if (status == 0 && agent->options->resume) {
        os_upgrade_done();
        children_thaw(agent->children);
    }
    return status;
}

static int start_parts(struct agent *agent, struct error *err)
{
    int status = gate_init(agent, err);
    if (status == 0)
        status = allow_new(&agent->allow, &agent->options->allow, err);
    if (status == 0)
        status = worker_pool_new(&agent->workers, &agent->options->card_classes, err);
    if (status == 0)
        status = ready_new(&agent->ready, &agent->options->card_classes, agent->workers, err);
    if (status == 0)
        status = input_new(&agent->input, &agent->options->card_classes, err);
    if (status == 0)
        status = changes_new(&agent->changes, &agent->options->card_classes, err);
    if (status == 0)
        status = transfers_new(&agent->transfers, TRANSFERS_KEEP_MS, err);
    if (status)
        return status;
    agent->children = children_new(CHILDREN_MAX, err);
    if (!agent->children)
        return ERR_SYSTEM;
    status = recorder_new(&agent->recorder, &agent->options->card_classes, agent->children, err);
    return status ? status : log_start(err);
}

/* Leaves everything as it is to be found after the agent's end. */
static void agent_note_end(void *context)
{
    struct agent *agent = context;
    recorder_end(agent->recorder, "the agent was stopped");
    last_end_note(agent);
}

static int agent_start(struct agent *agent, struct error *err)
{
    const struct options *options = agent->options;
    struct error reason;
    if (options->workdir && os_chdir(options->workdir, &reason))
        return error_set(err, ERR_INVALID, "could not enter '%s': %s", options->workdir, reason.text);
    if (options->detach && !options->resume && os_detach(err))
        return ERR_SYSTEM;
    os_memory_init();
    log_init(options->debug);
    events_init();
    refusals_init();
    agent->lock = os_mutex_new();
    int status = start_parts(agent, err);
    if (status)
        return status;
    if (os_process_unconfine(err))
        log_line("programs are confined as the agent is: %s", err->text);
    worker_pool_spare_children(agent->workers, agent->children);
    changes_spare_children(agent->changes, agent->children);
    status = start_listening(agent, err);
    if (status)
        return status;
    os_service_on_end(agent_note_end, agent);
    limit_keep(agent);
    heartbeat_start(agent);
    agent->start_ms = os_wall_time_ms();
    sweep_uploads();
    start_count_init(agent);
    if (!events_were_taken())
        tell_before(agent);
    gpus_start(&options->card_classes);
    sessions_start();
    report_ready(agent);
    recorder_go_on(agent->recorder);
    say_ready(agent);
    os_detach_ready();
    return 0;
}

/* Saves the log to a file, since the log of the next start begins empty. */
static void save_log(struct agent *agent)
{
    char name[LOG_NAME_SIZE];
    struct error err;
    snprintf(name, sizeof name, "%.200s.log", os_file_name(agent->options->argv[0]));
    if (log_save(name, &err))
        say_failure(err.text);
    log_flush(LOG_FLUSH_MS);
}

/* Accepts one client, or gives a sign of life. Returns 0 to go on. */
static int accept_one(struct agent *agent, struct error *err)
{
    struct os_socket *socket;
    struct os_address peer;
    int status = os_accept(agent->listener, &socket, &peer, err);
    if (status == 0)
        admission_begin(agent, socket, &peer);
    else if (status == ERR_LIMIT)
        admission_refuse(agent, socket, &peer, err->text);
    else if (status != ERR_TIMEOUT && status != ERR_NO_MEMORY)
        return status;
    heartbeat_beat(agent);
    return 0;
}

/* Accepts clients until the listener is stopped (upgrade, restart), then ends the sessions. Returns 0, or the listener's
   failure. */
static int accept_clients(struct agent *agent, struct error *err)
{
    int status;
    gate_open(agent);
    while ((status = accept_one(agent, err)) == 0)
        ;
    if (status != ERR_CLOSED)
        return status;
    gate_close(agent);
    clients_end(agent);
    return 0;
}

static int agent_main_loop(void *context)
{
    struct agent *agent = context;
    struct error err;
    int status = agent_start(agent, &err);
    while (status == 0) {
        status = accept_clients(agent, &err);
        if (status == 0 && atomic_load(&agent->stopping)) {
            stop_workers(agent);
            agent_note_end(agent);
            save_log(agent);
            return 0;
        }
        if (status == 0) {
            become_next(agent, &err);
            upgrade_undo(agent, err.text);
        }
    }
    say_failure(err.text);
    os_service_failed(err.text);
    return 1;
}

static void agent_stop(void *context)
{
    struct agent *agent = context;
    atomic_store(&agent->stopping, true);
    log_line("the service manager requested a stop");
    os_listener_stop(agent->listener);
}

static void log_note(void *context, const char *text)
{
    (void)context;
    log_line("%s", text);
}

int agent_run(const struct options *options)
{
    /* It outlives this function: a thread that could not be ended may still use it. */
    static struct agent agent = {.requests = {"requests", AGENT_REQUESTS_MAX, AGENT_REQUEST_EXEMPT, 0},
                                 .replies = {"replies", AGENT_REPLIES_MAX, AGENT_REPLY_EXEMPT, 0}};
    struct os_service_program program = {agent_main_loop, agent_stop, log_note, &agent};
    struct error err;
    agent.options = options;
    int status = os_service_run(&program, options->service && !options->resume, &err);
    if (status >= 0)
        return status;
    fprintf(stderr, "periscoped: %s\n", err.text);
    return 1;
}
