/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/strlist.h"
#include "host/periscope_winetest.h"
#include "host/result.h"
#include "tests/unit/check.h"

#include <stdarg.h>

/* Makes a list of the texts, up to NULL. */
static struct periscope_strings facts(const char *first, ...)
{
    struct strlist list = {0};
    struct periscope_strings out;
    va_list args;
    va_start(args, first);
    for (const char *text = first; text; text = va_arg(args, const char *))
        strlist_add(&list, text);
    va_end(args);
    strings_take(&out, &list);
    return out;
}

static void check_judged(const struct periscope_machine_looks *looks, enum periscope_machine_state state,
                         const char *reason)
{
    struct periscope_machine machine;
    CHECK_INT(periscope_machine_judge(looks, &machine), PERISCOPE_OK);
    CHECK_TEXT(periscope_machine_name(machine.state), periscope_machine_name(state));
    CHECK_TEXT(machine.reasons.count ? machine.reasons.items[0] : "", reason);
    periscope_machine_free(&machine);
}

#define FIRST_BOOT "boot.id=1", "boot.time=2026-11-01T10:00:00Z", "agent.start=2026-11-01T10:00:05Z"
#define CARD "gpu.0.pci=0000:01:00.0"

/* Compares the looks at a guest that was fine before, with one card that was reset twice. */
static void check_after(struct periscope_strings after, enum periscope_machine_state state, const char *reason)
{
    struct periscope_strings before = facts(FIRST_BOOT, CARD, "gpu.0.state=ok", "gpu.0.resets=2", NULL);
    struct periscope_machine_looks looks = {.before = &before, .after = &after};
    check_judged(&looks, state, reason);
    periscope_strings_free(&before);
    periscope_strings_free(&after);
}

static void unchanged_machine_is_fine(void)
{
    check_after(facts(FIRST_BOOT, CARD, "gpu.0.state=ok", "gpu.0.resets=2", NULL), PERISCOPE_MACHINE_FINE, "");
    /* a card is known by its address, not by its number */
    check_after(facts(FIRST_BOOT, "gpu.0.pci=0000:02:00.0", "gpu.0.state=lost", "gpu.1.pci=0000:01:00.0",
                      "gpu.1.state=ok", "gpu.1.resets=2", NULL),
                PERISCOPE_MACHINE_FINE, "");
}

static void silent_screen_is_frozen(void)
{
    struct periscope_strings before = facts("boot.id=1", NULL);
    struct periscope_machine_looks looks = {.before = &before, .after = &before, .screen = "X does not answer"};
    check_judged(&looks, PERISCOPE_MACHINE_SCREEN_FROZEN, "the screen is frozen: X does not answer");
    periscope_strings_free(&before);
}

static void agent_that_tells_nothing_is_unknown(void)
{
    struct periscope_strings plain = facts("server.arch=linux", NULL);
    struct periscope_machine_looks looks = {.before = &plain, .after = &plain};
    check_judged(&looks, PERISCOPE_MACHINE_UNKNOWN, "");
    looks.after = NULL;
    check_judged(&looks, PERISCOPE_MACHINE_CONNECTION_LOST, "the agent did not answer any more");
    periscope_strings_free(&plain);
}

static void another_boot_is_told_with_how_the_last_ended(void)
{
    check_after(facts("boot.id=2", "boot.time=2026-11-01T11:00:00Z", "agent.start=2026-11-01T11:00:05Z",
                      "last.end=crash: Kernel panic", CARD, "gpu.0.state=ok", "gpu.0.resets=0", NULL),
                PERISCOPE_MACHINE_REBOOTED,
                "the guest rebooted at 2026-11-01T11:00:00Z; how its last run ended: crash: Kernel panic");
}

static void agent_of_the_same_boot_that_started_again(void)
{
    check_after(facts("boot.id=1", "agent.start=2026-11-01T10:30:00Z", CARD, "gpu.0.state=ok", "gpu.0.resets=2", NULL),
                PERISCOPE_MACHINE_AGENT_RESTARTED, "the agent started again at 2026-11-01T10:30:00Z");
}

static void cards_that_changed(void)
{
    static const struct {
        const char *state, *resets;
        enum periscope_machine_state is;
        const char *reason;
    } cases[] = {
        {"reset", "3", PERISCOPE_MACHINE_GPU_RESET, "was reset; last: it happened"},
        {"ok", "3", PERISCOPE_MACHINE_GPU_RESET, "was reset; last: it happened"},
        {"fault", "2", PERISCOPE_MACHINE_GPU_ERROR, "fault; last: it happened"},
        {"hung", "2", PERISCOPE_MACHINE_GPU_LOST, "hung; last: it happened"},
        {"lost", "2", PERISCOPE_MACHINE_GPU_LOST, "lost; last: it happened"},
        {"no driver", "2", PERISCOPE_MACHINE_GPU_LOST, "no driver; last: it happened"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char state[40], resets[40], reason[100];
        snprintf(state, sizeof state, "gpu.0.state=%s", cases[i].state);
        snprintf(resets, sizeof resets, "gpu.0.resets=%s", cases[i].resets);
        snprintf(reason, sizeof reason, "graphics card 0000:01:00.0: %s", cases[i].reason);
        check_after(facts(FIRST_BOOT, CARD, state, resets, "gpu.0.event=it happened", NULL), cases[i].is, reason);
    }
    check_after(facts(FIRST_BOOT, NULL), PERISCOPE_MACHINE_GPU_LOST, "graphics card 0000:01:00.0: gone");
}

static void worst_comes_first(void)
{
    struct periscope_strings before = facts(FIRST_BOOT, CARD, "gpu.0.state=ok", "gpu.0.resets=0", NULL);
    struct periscope_strings after =
        facts("boot.id=1", "agent.start=later", CARD, "gpu.0.state=reset", "gpu.0.resets=1", NULL);
    struct periscope_strings events =
        facts("event=7\tt\tgpu\t0000:01:00.0 program-fault pid=9 name=\"d3d11_test.exe\": MMU Fault", NULL);
    struct periscope_machine_looks looks = {&before, &after, &events, "d3d11_test.exe", NULL};
    struct periscope_machine machine;
    CHECK_INT(periscope_machine_judge(&looks, &machine), PERISCOPE_OK);
    CHECK_INT(machine.state, PERISCOPE_MACHINE_AGENT_RESTARTED);
    CHECK_INT(machine.reasons.count, 3);
    CHECK_TEXT(machine.reasons.items[0], "the agent started again at later");
    CHECK_TEXT(machine.reasons.items[1], "graphics card 0000:01:00.0: was reset");
    CHECK_TEXT(machine.reasons.items[2],
               "graphics card 0000:01:00.0 program-fault pid=9 name=\"d3d11_test.exe\": MMU Fault");
    periscope_machine_free(&machine);
    periscope_strings_free(&before);
    periscope_strings_free(&after);
    periscope_strings_free(&events);
}

/* Another program, the compositor say, may have faults while a test runs. */
static void fault_is_the_tests_only_if_its_program_has_it(void)
{
    static const struct {
        const char *name, *program;
        enum periscope_machine_state is;
    } cases[] = {
        {"d3d11_test.exe", "d3d11_test.exe", PERISCOPE_MACHINE_GPU_FAULT},
        {"kernel32_test64", "kernel32_test64.exe", PERISCOPE_MACHINE_GPU_FAULT}, /* 15 bytes: the rest is unknown */
        {"d3d11", "d3d11_test.exe", PERISCOPE_MACHINE_FINE},
        {"gnome-shell", "d3d11_test.exe", PERISCOPE_MACHINE_FINE},
        {"", "d3d11_test.exe", PERISCOPE_MACHINE_FINE},
        {"d3d11_test.exe", NULL, PERISCOPE_MACHINE_FINE},
    };
    struct periscope_strings look = facts(FIRST_BOOT, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char event[200];
        snprintf(event, sizeof event, "event=1\tt\tgpu\t? program-fault pid=9 name=\"%s\": X", cases[i].name);
        struct periscope_strings events = facts(event, "event=2\tt\tgpu\t? note: Y", "event=3\tt\tagent\tgpu", NULL);
        struct periscope_machine_looks looks = {&look, &look, &events, cases[i].program, NULL};
        char reason[200];
        snprintf(reason, sizeof reason, "graphics card ? program-fault pid=9 name=\"%s\": X", cases[i].name);
        check_judged(&looks, cases[i].is, reason);
        periscope_strings_free(&events);
    }
    periscope_strings_free(&look);
}

static void fault_of_a_result(void)
{
    static const struct {
        enum periscope_unit_verdict verdict;
        enum periscope_machine_state state;
        const char *fault;
    } cases[] = {
        {PERISCOPE_UNIT_PASSED, PERISCOPE_MACHINE_FINE, "nobody"},
        {PERISCOPE_UNIT_SKIPPED, PERISCOPE_MACHINE_UNKNOWN, "nobody"},
        {PERISCOPE_UNIT_FAILED, PERISCOPE_MACHINE_FINE, "test"},
        {PERISCOPE_UNIT_CRASHED, PERISCOPE_MACHINE_UNKNOWN, "test"},
        {PERISCOPE_UNIT_TIMED_OUT, PERISCOPE_MACHINE_FINE, "test"},
        {PERISCOPE_UNIT_TIMED_OUT, PERISCOPE_MACHINE_GPU_RESET, "guest"},
        {PERISCOPE_UNIT_PASSED, PERISCOPE_MACHINE_GPU_FAULT, "test"},
        {PERISCOPE_UNIT_PASSED, PERISCOPE_MACHINE_GPU_ERROR, "guest"},
        {PERISCOPE_UNIT_TIMED_OUT, PERISCOPE_MACHINE_SCREEN_FROZEN, "guest"},
        {PERISCOPE_UNIT_LOST, PERISCOPE_MACHINE_REBOOTED, "guest"},
        {PERISCOPE_UNIT_LOST, PERISCOPE_MACHINE_AGENT_RESTARTED, "guest"},
        {PERISCOPE_UNIT_LOST, PERISCOPE_MACHINE_CONNECTION_LOST, "infrastructure"},
        {PERISCOPE_UNIT_LOST, PERISCOPE_MACHINE_FINE, "infrastructure"},
        {PERISCOPE_UNIT_NOT_RUN, PERISCOPE_MACHINE_FINE, "infrastructure"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_TEXT(periscope_fault_name(periscope_fault_of(cases[i].verdict, cases[i].state)), cases[i].fault);
}

int main(void)
{
    RUN(unchanged_machine_is_fine);
    RUN(silent_screen_is_frozen);
    RUN(agent_that_tells_nothing_is_unknown);
    RUN(another_boot_is_told_with_how_the_last_ended);
    RUN(agent_of_the_same_boot_that_started_again);
    RUN(cards_that_changed);
    RUN(worst_comes_first);
    RUN(fault_is_the_tests_only_if_its_program_has_it);
    RUN(fault_of_a_result);
    return CHECK_RESULT();
}
