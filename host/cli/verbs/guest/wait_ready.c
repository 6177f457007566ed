/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/cli.h"

#include "base/buffer.h"
#include "base/number.h"
#include "platform/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READY_MS 300000
#define PHASES_MAX 16
#define NAME_WIDTH 8

static const struct cli_option options[] = {
    {"state", 's', "STATE", "the desktop's state (ready); may be repeated"},
    {"output", 'o', "NAME", "an output that shows something: its name, or any"},
    {"mode", 'm', "WxH", "the size of that output"},
    {"gpu", 'g', "NAME", "a graphics card with a driver: its PCI address, the driver, or any"},
    {"still", 0, "SECONDS", "for how long the screen is to show the same"},
    {"cpu", 0, "PERCENT", "how busy the processors may be"},
    {"disk", 0, "PERCENT", "how busy the busiest disk may be"},
    {"idle", 0, "SECONDS", "for how long (1)"},
    {"not-boot-id", 0, "ID", "first wait until boot.id is not this one, that of the previous boot"},
    {"timeout", 't', "SECONDS", "the longest wait (300)"},
    {0},
};

/* A condition as it was told last. */
struct phase {
    char name[16];
    bool met;
    double seconds; /* from the begin of the verb until it became so */
    char *text;     /* owned */
};

struct phases {
    struct cli *cli;
    struct phase items[PHASES_MAX];
    size_t count;
};

/* ---- phases ---- */

static struct phase *phase_find(struct phases *phases, const char *name, size_t len)
{
    for (size_t i = 0; i < phases->count; i++)
        if (strlen(phases->items[i].name) == len && strncmp(phases->items[i].name, name, len) == 0)
            return &phases->items[i];
    if (phases->count == PHASES_MAX || len >= sizeof phases->items[0].name)
        return NULL;
    struct phase *phase = &phases->items[phases->count++];
    memcpy(phase->name, name, len);
    return phase;
}

static void phase_print(struct cli *cli, const struct phase *phase)
{
    struct periscope_strings text = {.items = (char *[]){phase->text, NULL}, .count = phase->text ? 1 : 0};
    cli_make_printable(&text);
    if (phase->met)
        cli_print(cli, "%-*s %6.1f s  %s\n", NAME_WIDTH, phase->name, phase->seconds, phase->text ? phase->text : "");
    else
        cli_note(cli, "%s: %s", phase->name, phase->text ? phase->text : "");
}

/* Takes "NAME MILLISECONDS TEXT", and prints what is new in it. */
static void phase_take(struct phases *phases, const char *fact, bool met)
{
    size_t len = strcspn(fact, " ");
    const char *rest = fact + len + (fact[len] == ' ');
    uint64_t age_ms = 0;
    struct phase *phase = phase_find(phases, fact, len);
    if (!phase || !number_take(&rest, INT64_MAX, &age_ms) || *rest++ != ' ')
        return;
    bool is_new = !phase->text || phase->met != met || (!met && strcmp(phase->text, rest) != 0);
    double seconds = (double)(os_clock_ms() - phases->cli->start_ms - (int64_t)age_ms) / 1000;
    free(phase->text);
    phase->text = strdup(rest);
    phase->met = met;
    if (!is_new)
        return;
    phase->seconds = seconds > 0 ? seconds : 0;
    phase_print(phases->cli, phase);
}

static void phases_take(void *context, const struct periscope_strings *facts)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (strncmp(facts->items[i], "met=", 4) == 0)
            phase_take(context, facts->items[i] + 4, true);
        else if (strncmp(facts->items[i], "unmet=", 6) == 0)
            phase_take(context, facts->items[i] + 6, false);
    }
}

static void phases_json(const struct phases *phases, struct json *reply)
{
    json_array_begin(reply, "phases");
    for (size_t i = 0; i < phases->count; i++) {
        const struct phase *phase = &phases->items[i];
        json_object_begin(reply, NULL);
        json_text(reply, "name", phase->name);
        json_bool(reply, "met", phase->met);
        json_decimal(reply, "seconds", phase->seconds);
        json_text(reply, "text", phase->text);
        json_object_end(reply);
    }
    json_array_end(reply);
}

static void phases_deinit(struct phases *phases)
{
    for (size_t i = 0; i < phases->count; i++)
        free(phases->items[i].text);
}

/* ---- the wait ---- */

/* Adds the seconds of an option as milliseconds of the RPC's. */
static bool ready_pass_seconds(struct cli *cli, const char *name, const char *key, struct strlist *list)
{
    const char *value = cli_option(cli, name);
    char what[32];
    int ms = 0;
    snprintf(what, sizeof what, "--%s", name);
    if (value && !cli_seconds(cli, what, value, &ms))
        return false;
    if (value)
        strlist_addf(list, "%s=%d", key, ms);
    return true;
}

static int ready_pass_options(struct cli *cli, struct strlist *list)
{
    static const char *const passed_on[] = {"output", "mode", "gpu", "cpu", "disk", NULL};
    const char **states = cli_option_all(cli, "state");
    for (size_t i = 0; states && states[i]; i++)
        strlist_addf(list, "state=%s", states[i]);
    list->failed |= !states;
    free(states);
    if (!ready_pass_seconds(cli, "still", "still-ms", list) || !ready_pass_seconds(cli, "idle", "idle-ms", list))
        return CLI_USAGE;
    return cli_pass_on(cli, passed_on, list);
}

/* Reports a time-out with what is not met. */
static int ready_gave_up(struct phases *phases, int status)
{
    struct buffer text;
    buffer_init(&text, 65536);
    for (size_t i = 0; i < phases->count; i++)
        if (!phases->items[i].met)
            buffer_printf(&text, "; %s: %s", phases->items[i].name, phases->items[i].text ? phases->items[i].text : "");
    int exit_status = status == PERISCOPE_TIMED_OUT && text.len
                          ? cli_error(phases->cli, CLI_TIMED_OUT, "%s%.*s",
                                      periscope_error_text(phases->cli->periscope), (int)text.len, (char *)text.data)
                          : cli_failed(phases->cli, status);
    buffer_deinit(&text);
    return exit_status;
}

static int ready_await_agent(struct phases *phases, int64_t deadline)
{
    struct cli *cli = phases->cli;
    int status = periscope_wait_boot(cli->periscope, (int)os_time_left(deadline), cli_option(cli, "not-boot-id"));
    const char *banner = status ? NULL : periscope_banner(cli->periscope);
    struct phase *phase = phase_find(phases, "agent", 5);
    phase->met = status == 0;
    phase->text = strdup(banner ? banner : periscope_error_text(cli->periscope));
    phase->seconds = (double)(os_clock_ms() - cli->start_ms) / 1000;
    if (status == 0)
        phase_print(cli, phase);
    return status;
}

static int ready_await(struct phases *phases, const struct strlist *list)
{
    struct cli *cli = phases->cli;
    int64_t deadline = os_deadline(cli->timeout_ms < 0 ? READY_MS : cli->timeout_ms);
    struct periscope_strings facts;
    int status = ready_await_agent(phases, deadline);
    if (status)
        return cli_failed(cli, status);
    status = periscope_wait_ready(cli->periscope, (const char *const *)list->items, (int)os_time_left(deadline),
                                  phases_take, phases, &facts);
    periscope_strings_free(&facts);
    return status ? ready_gave_up(phases, status) : CLI_OK;
}

static int wait_ready_run(struct cli *cli)
{
    struct phases phases = {.cli = cli};
    struct strlist list = {0};
    char time[CLI_TIME_SIZE];
    int exit_status = ready_pass_options(cli, &list);
    if (exit_status == CLI_OK) {
        exit_status = ready_await(&phases, &list);
        phases_json(&phases, &cli->reply);
    }
    if (exit_status == CLI_OK)
        cli_did(cli, "%s is ready after %s", cli->target, cli_elapsed(cli, time));
    phases_deinit(&phases);
    strlist_deinit(&list);
    return exit_status;
}

const struct command command_wait_ready = {
    .name = "wait-ready",
    .operands = "",
    .summary = "Wait until the guest's desktop is ready, and show the way there",
    .details = "Waits for the agent, and then until all of the conditions hold at once. Each is printed with the\n"
               "time when it came true; those that it still waits for, on standard error. STATE is none, greeter,\n"
               "starting, ready, locked, asleep, updating or shutting-down.\n",
    .examples = "  periscope wait-ready vm1:9000\n"
                "  periscope wait-ready --output any --mode 1920x1080 --gpu amdgpu --still 2 vm1:9000\n"
                "  periscope wait-ready --state ready --state locked --cpu 20 --timeout 90 vm1:9000\n",
    .options = options,
    .times_itself = true,
    .run = wait_ready_run,
};
