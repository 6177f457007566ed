/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/access/admission.h"
#include "agent/agent.h"
#include "agent/access/allowed_rpcs.h"
#include "agent/audit.h"
#include "agent/gpu/gpus.h"
#include "agent/log.h"
#include "platform/desktop_state.h"
#include "platform/identity.h"
#include "platform/sysinfo.h"
#include "protocol/wire.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define DISPLAYS_MS 1000 /* how long a hung display may delay the properties */

static void add_testagentd(struct agent *agent, struct strlist *facts)
{
    const struct options *options = agent->options;
    strlist_addf(facts, "protocol.version=testagentd 1.%u", options->protocol_minor);
    if (options->protocol_minor >= 8) {
        strlist_addf(facts, "server.argc=%d", options->argc);
        for (int i = 0; i < options->argc; i++)
            strlist_addf(facts, "server.argv[%d]=%s", i, options->argv[i]);
    }
    strlist_addf(facts, "server.arch=%s", os_server_arch);
    strlist_addf(facts, "start.count=%u", start_count_get(agent));
}

static void add_private_rpcs(const struct options *options, struct strlist *facts)
{
    struct buffer text;
    buffer_init(&text, 1024);
    for (int i = 0; i < METHOD_COUNT; i++)
        if (methods[i].id >= 0x50530001 && allowed_rpcs_have(&options->allow_rpcs, &methods[i]))
            buffer_printf(&text, "%s%s:0x%08x", text.len ? " " : "", methods[i].name, methods[i].id);
    strlist_addf(facts, "periscope.rpcs=%.*s", (int)text.len, (const char *)text.data);
    facts->failed |= text.failed;
    buffer_deinit(&text);
}

static void add_input(const struct agent *agent, struct strlist *facts)
{
    strlist_addf(facts, "periscope.input=%s", agent->options->input ? "on" : "off");
}

/* Adds the user that programs run as, and which settings of that user and of the machine fail the audit. */
static void add_run_as(struct agent *agent, struct strlist *facts)
{
    struct error err;
    struct os_identity *as = NULL;
    if (os_identity_find(&as, agent_run_as(agent), &err))
        strlist_addf(facts, "run.error=%s", err.text);
    else
        strlist_addf(facts, "run.as=%s", os_identity_name(as));
    audit_add_property(as, facts);
    os_identity_free(as);
}

static void add_upgrade(struct agent *agent, struct strlist *facts)
{
    os_mutex_lock(agent->lock);
    if (agent->upgrade_error)
        strlist_addf(facts, "upgrade.error=%s", agent->upgrade_error);
    os_mutex_unlock(agent->lock);
}

/* Adds the rules of --card-class that are of no card. The log has them once: not at the agent's start, when a card may not
   have its driver yet. */
static void add_unused_rules(struct agent *agent, struct strlist *facts)
{
    static atomic_bool logged;
    struct strlist unused = {0};
    worker_pool_unused_rules(agent->workers, &unused);
    bool log = unused.count > 0 && !atomic_exchange(&logged, true);
    for (size_t i = 0; i < unused.count; i++) {
        strlist_addf(facts, "card.class.unused.%zu=%s", i, unused.items[i]);
        if (log)
            log_line("--card-class: %s", unused.items[i]);
    }
    facts->failed |= unused.failed;
    strlist_deinit(&unused);
}

static void add_journal(struct agent *agent, struct strlist *facts)
{
    struct error why;
    const char *folder = journal_folder(agent->journal);
    strlist_addf(facts, "journal=%s", *folder ? folder : "none");
    journal_failure(agent->journal, &why);
    if (why.status)
        strlist_addf(facts, "journal.error=%s", why.text);
}

static void add_displays(struct agent *agent, struct os_socket *client, struct strlist *facts)
{
    struct error err;
    struct strlist displays = {0};
    if (worker_pool_lines(agent->workers, "displays", client, DISPLAYS_MS, &displays, &err) == 0) {
        for (size_t i = 0; i < displays.count; i++)
            strlist_add(facts, displays.items[i]);
    } else {
        strlist_add(facts, "display.count=0");
        strlist_addf(facts, "display.error=%s", err.text);
    }
    strlist_deinit(&displays);
}

static void add_desktop(struct agent *agent, struct os_socket *client, struct strlist *facts)
{
    struct error err;
    struct strlist lines = {0};
    char ending[ERROR_TEXT_SIZE];
    ready_get_ending(agent->ready, ending, sizeof ending);
    if (*ending) {
        strlist_addf(facts, "desktop.state=%s", desktop_state_name(DESKTOP_SHUTTING_DOWN));
        strlist_addf(facts, "desktop.reason=%s", ending);
        return;
    }
    if (worker_pool_lines(agent->workers, "desktop", client, DISPLAYS_MS, &lines, &err) == 0) {
        for (size_t i = 0; i < lines.count; i++)
            strlist_add(facts, lines.items[i]);
    } else {
        strlist_addf(facts, "desktop.error=%s", err.text);
    }
    strlist_deinit(&lines);
}

void properties_list_own(struct agent *agent, struct strlist *facts)
{
    unsigned running, exited;
    add_testagentd(agent, facts);
    strlist_add(facts, "periscope.version=" PERISCOPE_VERSION);
    add_private_rpcs(agent->options, facts);
    add_input(agent, facts);
    strlist_addf(facts, "agent.start=%lld", (long long)(agent->start_ms / 1000));
    for (size_t i = 0; i < agent->last_end.count; i++)
        strlist_add(facts, agent->last_end.items[i]);
    os_sysinfo(facts);
    strlist_addf(facts, "security.mode=%s", agent->options->allow.count ? "allow-list" : "private-networks");
    strlist_addf(facts, "security.local=%s", admission_is_local_open(agent) ? "any" : "own");
    add_run_as(agent, facts);
    add_upgrade(agent, facts);
    children_count(agent->children, &running, &exited);
    strlist_addf(facts, "children.running=%u", running);
    strlist_addf(facts, "children.exited=%u", exited);
    add_journal(agent, facts);
    strlist_addf(facts, "capture.backends=%s", worker_pool_backend_names());
    add_unused_rules(agent, facts);
}

void properties_list(struct agent *agent, struct os_socket *client, struct strlist *facts)
{
    properties_list_own(agent, facts);
    add_desktop(agent, client, facts);
    gpus_add_properties(facts);
    add_displays(agent, client, facts);
}
