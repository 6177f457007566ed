/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks at the machine behind each unit, and tells whose fault the unit's result is. */
#include "host/cli/test/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Returns what the agent told last: behind the unit before this one, or when the run began. */
static const struct periscope_strings *machine_last_look(const struct test *test)
{
    return test->look.count ? &test->look : &test->properties;
}

/* Fetches the events since the last call, and notes up to where; one of an agent that has none to tell has an empty list. */
static void machine_fetch_events(struct test *test, struct periscope_strings *events)
{
    char id[sizeof test->events_id + 4], since[sizeof test->events_last + 8];
    const char *const options[] = {id, since, NULL};
    snprintf(id, sizeof id, "id=%s", test->events_id);
    snprintf(since, sizeof since, "since=%s", test->events_last);
    *events = (struct periscope_strings){0};
    if (periscope_events(test->cli->periscope, *test->events_id ? options : NULL, events))
        return;
    const char *now = periscope_strings_get(events, "id"), *last = periscope_strings_get(events, "last");
    snprintf(test->events_id, sizeof test->events_id, "%s", now ? now : "");
    snprintf(test->events_last, sizeof test->events_last, "%s", last ? last : "0");
}

void test_mark_events(struct test *test, bool has_exec)
{
    struct periscope_strings earlier = {0};
    const char *cards = periscope_strings_get(&test->properties, "gpu.count");
    bool has_cards = cards && strcmp(cards, "0") != 0;
    if (!*test->events_id && test_agent_has(test, "events") && (has_cards || has_exec))
        machine_fetch_events(test, &earlier);
    periscope_strings_free(&earlier);
}

#define NO_ANSWER "does not answer" /* in the agent's words, of a display server or a card */

/* Returns what the agent told of the unit's picture, if that was that the screen does not answer; else NULL. */
static const char *machine_silent_screen(const struct test_picture *picture)
{
    for (size_t i = 0; i < picture->facts.count; i++)
        if (strncmp(picture->facts.items[i], "refused=", 8) == 0 && strstr(picture->facts.items[i], NO_ANSWER))
            return picture->facts.items[i] + 8;
    return picture->error && strstr(picture->error, NO_ANSWER) ? picture->error : NULL;
}

/* Looks again where the screen did not answer when the unit was to be ended: a test may only have held it up. Returns the
   agent's words, owned by the caller, if it still does not. */
static char *machine_frozen_screen(struct test *test, const struct test_unit *unit)
{
    struct test_picture now = {0};
    uint8_t *bytes = NULL;
    size_t len;
    if (!machine_silent_screen(&unit->picture))
        return NULL;
    if (periscope_screenshot(test->cli->periscope, (const char *const[]){"scale=1/8", "deadline-ms=2000", NULL},
                             &now.facts, &bytes, &len))
        now.error = strdup(periscope_error_text(test->cli->periscope));
    const char *silent = machine_silent_screen(&now);
    char *text = silent ? strdup(silent) : NULL;
    free(bytes);
    test_free_picture(&now);
    return text;
}

/* Returns whether an event tells of something that the properties have too. */
static bool machine_event_matters(const char *event)
{
    return strstr(event, "\tgpu\t") || strstr(event, "\tboot\t") || strstr(event, "\tcrash\t") ||
           strstr(event, "\tagent\t");
}

/* Asks the agent whether anything has happened since the last call: without an event there is no need to look at all its
   properties, for which the guest starts a process. Returns false where they must be looked at. */
static bool machine_is_unchanged(struct test *test, struct periscope_strings *events)
{
    char id[sizeof test->events_id];
    if (!*test->events_id)
        return false;
    memcpy(id, test->events_id, sizeof id);
    machine_fetch_events(test, events);
    bool unchanged = events->count > 0 && strcmp(id, test->events_id) == 0 && !periscope_strings_get(events, "lost");
    for (size_t i = 0; i < events->count && unchanged; i++)
        unchanged = !machine_event_matters(events->items[i]);
    return unchanged;
}

void test_judge_machine(struct test *test, struct test_unit *unit)
{
    struct periscope_strings now = {0}, events = {0};
    struct periscope_machine_looks looks = {.before = machine_last_look(test),
                                            .program = cli_file_name(test->executable)};
    bool tells = periscope_strings_get(looks.before, "boot.id") != NULL;
    bool is_lost = unit->result.verdict == PERISCOPE_UNIT_LOST;
    /* testagentd has nothing to tell; where a unit has ended the usual way, it has answered. */
    if (unit->result.end == PERISCOPE_END_NOT_RUN || (!tells && !is_lost))
        return;
    bool unchanged = machine_is_unchanged(test, &events);
    if (unchanged)
        looks.after = looks.before;
    else if (periscope_properties(test->cli->periscope, &now) == PERISCOPE_OK)
        looks.after = &now;
    looks.events = &events;
    char *frozen = looks.after ? machine_frozen_screen(test, unit) : NULL;
    looks.screen = frozen;
    if (periscope_machine_judge(&looks, &unit->machine))
        test_warn(test, "no memory to compare what the guest told before and after %s", unit->name);
    unit->judged_machine = true;
    free(frozen);
    periscope_strings_free(&events);
    if (looks.after == &now) {
        periscope_strings_free(&test->look);
        test->look = now;
    }
}

enum periscope_fault test_fault_of(const struct test_unit *unit)
{
    enum periscope_machine_state state = unit->judged_machine ? unit->machine.state : PERISCOPE_MACHINE_UNKNOWN;
    return periscope_fault_of(unit->result.verdict, state);
}
