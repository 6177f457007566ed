/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the last run of the machine ended, and that of the agent, as the journal and the system tell. */
#include "agent/agent.h"
#include "agent/log.h"
#include "platform/service.h"
#include "platform/sysinfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLEAN "clean"     /* the machine was going down */
#define STOPPED "stopped" /* only the agent, as far as it was told */
#define CRASH_SIZE 256    /* bytes */

/* Adds "last.end=": of the boot before this one. */
static void add_machine(const struct journal_end *end, struct strlist *facts)
{
    char crash[CRASH_SIZE];
    struct error why;
    if (!end->known)
        return;
    int kept = strcmp(end->how, CLEAN) == 0 ? 0 : os_crash_find(end->wall_ms, crash, sizeof crash, &why);
    if (strcmp(end->how, CLEAN) == 0)
        strlist_add(facts, "last.end=" CLEAN);
    else if (kept > 0)
        strlist_addf(facts, "last.end=crash: %s", crash);
    else if (*end->how)
        strlist_add(facts, "last.end=" STOPPED);
    else if (kept < 0)
        strlist_addf(facts, "last.end=lost: %s", why.text);
    else
        strlist_add(facts, "last.end=lost");
}

static void add_agent(const struct journal_end *end, bool resumed, struct strlist *facts)
{
    if (resumed)
        strlist_add(facts, "agent.end=upgrade");
    else if (end->known)
        strlist_add(facts, *end->how ? "agent.end=" STOPPED : "agent.end=crash");
}

void last_end_find(struct agent *agent)
{
    add_agent(journal_last_end(agent->journal, true), agent->options->resume != NULL, &agent->last_end);
    add_machine(journal_last_end(agent->journal, false), &agent->last_end);
    for (size_t i = 0; i < agent->last_end.count; i++)
        log_line("%s", agent->last_end.items[i]);
}

void last_end_note(void *context)
{
    struct agent *agent = context;
    if (agent->journal)
        journal_end(agent->journal, os_service_machine_ends() ? CLEAN : STOPPED);
}
