/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/run.h"
#include "agent/log.h"
#include "agent/server.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/upgrade.h"

#include <stdio.h>
#include <string.h>

#define STATE_MAX (64u << 20) /* bytes of what an upgrade hands over */

/* The listener and the children of the agent that this process was before an upgrade. */
static int resume(struct agent *agent, struct error *err)
{
    struct buffer state;
    buffer_init(&state, STATE_MAX);
    int status = os_upgrade_resume(agent->options->resume, &agent->listener, &state, err);
    if (status == 0)
        for (char *line = strtok((char *)state.data, "\n"); line; line = strtok(NULL, "\n"))
            children_restore(agent->children, line);
    buffer_deinit(&state);
    return status;
}

static int open_listener(struct agent *agent, struct error *err)
{
    const struct options *options = agent->options;
    if (agent->listener) {
        uint16_t port = os_listener_port(agent->listener);
        if (options->port == 0 || options->port == port)
            return 0;
        os_listener_close(agent->listener); /* restarted on another port */
        agent->listener = NULL;
    }
    return os_listen(&agent->listener, options->bind_to, options->port, err);
}

/* Only returns when that failed. */
static int become_next(struct agent *agent, struct error *err)
{
    struct buffer state;
    screen_stop(agent->screen);
    buffer_init(&state, STATE_MAX);
    children_save(agent->children, &state);
    struct slice text = {state.data, state.len};
    int status =
        os_upgrade_exec(agent->next_path, (const char *const *)agent->next_argv.items, agent->listener, text, err);
    buffer_deinit(&state);
    return status;
}

static int start(struct agent *agent, struct error *err)
{
    const struct options *options = agent->options;
    struct error reason;
    if (options->workdir && os_chdir(options->workdir, &reason))
        return error_set(err, ERR_INVALID, "could not enter '%s': %s", options->workdir, reason.text);
    if (options->detach && !options->resume && os_detach(err))
        return ERR_SYSTEM;
    log_init(options->debug);
    agent->lock = os_mutex_new();
    agent->screen = screen_new();
    agent->children = children_new(err);
    if (!agent->children)
        return ERR_SYSTEM;
    if (options->resume && resume(agent, err))
        return ERR_SYSTEM;
    int status = open_listener(agent, err);
    if (status)
        return status;
    agent->start_ms = os_wall_time_ms();
    start_count_init(agent);
    log_line("periscoped " PERISCOPE_VERSION " listens on port %u", os_listener_port(agent->listener));
    printf("Starting testagentd 1.%u\nperiscoped: READY port %u\n", options->protocol_minor,
           os_listener_port(agent->listener));
    fflush(stdout);
    os_detach_ready();
    return 0;
}

int agent_run(const struct options *options)
{
    struct agent agent = {.options = options};
    struct error err;
    int status = start(&agent, &err);
    while (status == 0) {
        status = server_run(&agent, &err);
        if (status == 0) {
            become_next(&agent, &err);
            log_line("%s", err.text);
        }
    }
    fprintf(stderr, "periscoped: %s\n", err.text);
    return 1;
}
