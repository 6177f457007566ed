/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the machine did while a test ran, from what its agent told before and after, and whose fault a result is. */
#include "host/periscope_winetest.h"

#include "base/strlist.h"
#include "host/result.h"

#include <stdio.h>
#include <string.h>

#define CARDS_MAX 16
#define TASK_NAME_LEN 15 /* bytes of a program's name that Linux keeps (TASK_COMM_LEN - 1) */
#define GPU_EVENT "\tgpu\t"
#define FACT_SIZE 32 /* bytes of "gpu.15.resets" */

const char *periscope_machine_name(enum periscope_machine_state state)
{
    switch (state) {
#define X(symbol, name)                                                                                                \
    case symbol:                                                                                                       \
        return name;
        PERISCOPE_MACHINE_STATES(X)
#undef X
    }
    return "unknown";
}

const char *periscope_fault_name(enum periscope_fault fault)
{
    switch (fault) {
#define X(symbol, name)                                                                                                \
    case symbol:                                                                                                       \
        return name;
        PERISCOPE_FAULTS(X)
#undef X
    }
    return "nobody";
}

#define MACHINE_STATES_COUNT (PERISCOPE_MACHINE_CONNECTION_LOST + 1)

/* What was found, by the state that it means. */
struct findings {
    struct strlist lines[MACHINE_STATES_COUNT];
};

static const char *machine_fact(const struct periscope_strings *facts, unsigned card, const char *name)
{
    char key[FACT_SIZE];
    snprintf(key, sizeof key, "gpu.%u.%s", card, name);
    return periscope_strings_get(facts, key);
}

/* ---- graphics cards ---- */

/* Finds the card with that address; CARDS_MAX: it is not there. */
static unsigned card_find(const struct periscope_strings *facts, const char *pci)
{
    for (unsigned card = 0; card < CARDS_MAX; card++) {
        const char *other = machine_fact(facts, card, "pci");
        if (other && strcmp(other, pci) == 0)
            return card;
    }
    return CARDS_MAX;
}

/* Returns what a card's state means where it was another before. */
static enum periscope_machine_state card_meaning(const char *state)
{
    if (!state || strcmp(state, "ok") == 0)
        return PERISCOPE_MACHINE_FINE;
    if (strcmp(state, "fault") == 0)
        return PERISCOPE_MACHINE_GPU_ERROR;
    return strcmp(state, "reset") == 0 ? PERISCOPE_MACHINE_GPU_RESET : PERISCOPE_MACHINE_GPU_LOST;
}

static void card_compare(struct findings *findings, const struct periscope_machine_looks *looks, unsigned before,
                         const char *pci)
{
    unsigned after = card_find(looks->after, pci);
    const char *state = after < CARDS_MAX ? machine_fact(looks->after, after, "state") : "gone";
    const char *was = machine_fact(looks->before, before, "state"), *event = machine_fact(looks->after, after, "event");
    const char *resets = machine_fact(looks->after, after, "resets");
    const char *resets_before = machine_fact(looks->before, before, "resets");
    enum periscope_machine_state meaning = card_meaning(state);
    bool was_reset = resets && resets_before && strcmp(resets, resets_before) != 0;
    if (was && state && strcmp(was, state) == 0)
        meaning = PERISCOPE_MACHINE_FINE;
    if (was_reset && meaning < PERISCOPE_MACHINE_GPU_RESET)
        meaning = PERISCOPE_MACHINE_GPU_RESET;
    if (meaning != PERISCOPE_MACHINE_FINE)
        strlist_addf(&findings->lines[meaning], "graphics card %s: %s%s%s", pci, was_reset ? "was reset" : state,
                     event ? "; last: " : "", event ? event : "");
}

static void cards_compare(struct findings *findings, const struct periscope_machine_looks *looks)
{
    for (unsigned card = 0; card < CARDS_MAX; card++) {
        const char *pci = machine_fact(looks->before, card, "pci");
        if (pci)
            card_compare(findings, looks, card, pci);
    }
}

/* Returns whether a fault's program is the test's. The kernel knows the first 15 bytes of its name. */
static bool fault_is_of(const char *text, const char *program)
{
    static const char mark[] = " name=\"";
    const char *name = strstr(text, mark);
    if (!name || !program)
        return false;
    name += sizeof mark - 1;
    size_t len = strcspn(name, "\"");
    return len > 0 && strncmp(name, program, len) == 0 && (program[len] == '\0' || len == TASK_NAME_LEN);
}

/* Finds faults of programs: "event=NUMBER<tab>TIME<tab>gpu<tab>0000:01:00.0 program-fault pid=N name="X": WHAT". */
static void faults_find(struct findings *findings, const struct periscope_machine_looks *looks)
{
    for (size_t i = 0; looks->events && i < looks->events->count; i++) {
        const char *kind = strstr(looks->events->items[i], GPU_EVENT);
        const char *text = kind ? kind + sizeof GPU_EVENT - 1 : "";
        bool is_own = fault_is_of(text, looks->program);
        if (strstr(text, " program-fault"))
            strlist_addf(&findings->lines[is_own ? PERISCOPE_MACHINE_GPU_FAULT : PERISCOPE_MACHINE_FINE],
                         "graphics card %s", text);
    }
}

/* ---- boots and agents ---- */

static bool machine_differs(const struct periscope_machine_looks *looks, const char *key)
{
    const char *before = periscope_strings_get(looks->before, key), *after = periscope_strings_get(looks->after, key);
    return before && after && strcmp(before, after) != 0;
}

static void boots_compare(struct findings *findings, const struct periscope_machine_looks *looks)
{
    const char *time = periscope_strings_get(looks->after, "boot.time"),
               *end = periscope_strings_get(looks->after, "last.end");
    const char *start = periscope_strings_get(looks->after, "agent.start");
    if (machine_differs(looks, "boot.id"))
        strlist_addf(&findings->lines[PERISCOPE_MACHINE_REBOOTED], "the guest rebooted%s%s%s%s", time ? " at " : "",
                     time ? time : "", end ? "; how its last run ended: " : "", end ? end : "");
    else if (machine_differs(looks, "agent.start"))
        strlist_addf(&findings->lines[PERISCOPE_MACHINE_AGENT_RESTARTED], "the agent started again at %s", start);
}

static void machine_compare(struct findings *findings, const struct periscope_machine_looks *looks)
{
    if (!looks->after) {
        strlist_add(&findings->lines[PERISCOPE_MACHINE_CONNECTION_LOST], "the agent did not answer any more");
        return;
    }
    if (looks->screen)
        strlist_addf(&findings->lines[PERISCOPE_MACHINE_SCREEN_FROZEN], "the screen is frozen: %s", looks->screen);
    boots_compare(findings, looks);
    cards_compare(findings, looks);
    faults_find(findings, looks);
}

int periscope_machine_judge(const struct periscope_machine_looks *looks, struct periscope_machine *out)
{
    struct findings findings = {0};
    struct strlist all = {0};
    *out = (struct periscope_machine){
        .state = periscope_strings_get(looks->before, "boot.id") ? PERISCOPE_MACHINE_FINE : PERISCOPE_MACHINE_UNKNOWN};
    machine_compare(&findings, looks);
    for (unsigned state = MACHINE_STATES_COUNT; state-- > 0;) {
        if (findings.lines[state].count && all.count == 0 && state != PERISCOPE_MACHINE_FINE)
            out->state = (enum periscope_machine_state)state;
        for (size_t i = 0; i < findings.lines[state].count; i++)
            strlist_add(&all, findings.lines[state].items[i]);
        all.failed |= findings.lines[state].failed;
        strlist_deinit(&findings.lines[state]);
    }
    bool failed = all.failed;
    strings_take(&out->reasons, &all);
    if (failed)
        periscope_machine_free(out);
    return failed ? PERISCOPE_LOCAL : PERISCOPE_OK;
}

void periscope_machine_free(struct periscope_machine *machine)
{
    if (!machine)
        return;
    periscope_strings_free(&machine->reasons);
    *machine = (struct periscope_machine){.state = PERISCOPE_MACHINE_FINE};
}

/* ---- whose fault ---- */

enum periscope_fault periscope_fault_of(enum periscope_unit_verdict verdict, enum periscope_machine_state state)
{
    switch (state) {
    case PERISCOPE_MACHINE_FINE:
    case PERISCOPE_MACHINE_UNKNOWN:
        break;
    case PERISCOPE_MACHINE_GPU_FAULT:
        return PERISCOPE_FAULT_TEST;
    case PERISCOPE_MACHINE_SCREEN_FROZEN:
    case PERISCOPE_MACHINE_GPU_ERROR:
    case PERISCOPE_MACHINE_GPU_RESET:
    case PERISCOPE_MACHINE_GPU_LOST:
    case PERISCOPE_MACHINE_AGENT_RESTARTED:
    case PERISCOPE_MACHINE_REBOOTED:
        return PERISCOPE_FAULT_GUEST;
    case PERISCOPE_MACHINE_CONNECTION_LOST:
        return PERISCOPE_FAULT_INFRASTRUCTURE;
    }
    if (verdict <= PERISCOPE_UNIT_SKIPPED)
        return PERISCOPE_FAULT_NOBODY;
    return verdict < PERISCOPE_UNIT_LOST ? PERISCOPE_FAULT_TEST : PERISCOPE_FAULT_INFRASTRUCTURE;
}
