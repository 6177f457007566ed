/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/facts.h"

#include "base/utf8.h"
#include "host/cli/out.h"

#include <stdlib.h>
#include <string.h>

#define WAIT_MS 20000 /* of one request, so that a dead guest is noticed */
#define BOOT_MS 600000

static const struct cli_option options[] = {
    {"follow", 'f', NULL, "go on with each event as it happens, over reboots of the guest, until Ctrl-C"},
    {"kind", 'k', "KIND", "only events of that kind, such as 'gpu'; may be repeated"},
    {0},
};

struct told {
    const char *number, *time, *kind, *text;
};

/* Splits "NUMBER\tTIME\tKIND\tTEXT" in place. Returns false for anything else. */
static bool events_split(char *event, struct told *out)
{
    const char **parts[] = {&out->number, &out->time, &out->kind, &out->text};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char *tab = strchr(event, '\t');
        *parts[i] = event;
        if (!tab && i < 3)
            return false;
        if (tab && i < 3)
            *tab = 0;
        event = tab ? tab + 1 : event;
    }
    return true;
}

static bool events_is_wanted(struct cli *cli, const char *kind)
{
    const char **kinds = cli_option_all(cli, "kind");
    bool wanted = !kinds || !kinds[0];
    for (size_t i = 0; kinds && kinds[i] && !wanted; i++)
        wanted = strcmp(kinds[i], kind) == 0;
    free(kinds);
    return wanted;
}

static void events_show(struct cli *cli, const char *event)
{
    struct told told;
    char *copy = strdup(event);
    if (copy && events_split(copy, &told) && events_is_wanted(cli, told.kind)) {
        json_object_begin(&cli->reply, NULL);
        json_number(&cli->reply, "number", strtoull(told.number, NULL, 10));
        json_text(&cli->reply, "time", told.time);
        json_text(&cli->reply, "kind", told.kind);
        json_text(&cli->reply, "text", told.text);
        json_object_end(&cli->reply);
        for (char *part = copy; part < copy + strlen(event); part += strlen(part) + 1)
            utf8_make_printable(part); /* it never gets longer */
        cli_print(cli, "%s %-8s %s\n", told.time, told.kind, told.text);
    }
    free(copy);
}

static void events_show_all(struct cli *cli, const struct periscope_strings *facts)
{
    const char *lost = periscope_strings_get(facts, "lost");
    if (lost)
        cli_warn(cli, "%s older events are no longer kept", lost);
    json_array_begin(&cli->reply, "events");
    for (size_t i = 0; i < facts->count; i++) {
        const char *event = fact_value(facts->items[i], "event");
        if (event)
            events_show(cli, event);
    }
    json_array_end(&cli->reply);
}

/* Asks once. The facts are the caller's. since: the last answer's facts, or NULL for all. */
static int events_ask(struct cli *cli, const struct periscope_strings *since, struct periscope_strings *facts)
{
    struct strlist list = {0};
    if (since) {
        strlist_addf(&list, "id=%s", periscope_strings_get(since, "id"));
        strlist_addf(&list, "since=%s", periscope_strings_get(since, "last"));
        strlist_addf(&list, "wait-ms=%d", WAIT_MS);
    }
    *facts = (struct periscope_strings){0};
    int status = periscope_events(cli->periscope, (const char *const *)list.items, facts);
    strlist_deinit(&list);
    return status;
}

/* Goes on after the answer *last, which it takes over. */
static int events_follow(struct cli *cli, struct periscope_strings *last)
{
    struct periscope_strings facts = {0};
    struct error err;
    int status = 0;
    while (!status) {
        status = events_ask(cli, last, &facts);
        if (status == PERISCOPE_NO_AGENT || status == PERISCOPE_TIMED_OUT) {
            cli_note(cli, "%s", periscope_error_text(cli->periscope));
            status = periscope_wait_boot(cli->periscope, BOOT_MS, NULL);
            continue;
        }
        if (status || !periscope_strings_get(&facts, "last") || !periscope_strings_get(&facts, "id"))
            break;
        events_show_all(cli, &facts);
        if (out_flush(&err)) /* the end of the command tells why */
            break;
        periscope_strings_free(last);
        *last = facts;
        facts = (struct periscope_strings){0};
    }
    periscope_strings_free(&facts);
    return status;
}

static int events_run(struct cli *cli)
{
    struct periscope_strings facts;
    struct error err;
    bool follow = cli_option(cli, "follow");
    if (follow && cli->json)
        return cli_usage(cli, "--follow and --json exclude each other");
    int status = events_ask(cli, NULL, &facts);
    if (!status)
        events_show_all(cli, &facts);
    if (!status && follow && out_flush(&err) == 0)
        status = events_follow(cli, &facts);
    periscope_strings_free(&facts);
    return status ? cli_failed(cli, status) : CLI_OK;
}

const struct command command_events = {
    .name = "events",
    .operands = "",
    .summary = "Show what has happened in the guest: starts, crashes, faults of its graphics cards",
    .details = "Prints a line 'TIME KIND TEXT' for each event that the agent keeps, the oldest first. Of kind 'gpu'\n"
               "are those of a graphics card: 'PCI WHAT pid=N name=\"NAME\": TEXT', with 'program-fault' for a fault\n"
               "of a program and 'fault', 'hang', 'reset' or 'lost' for those of the card.\n",
    .examples = "  periscope events vm1:9000\n"
                "  periscope events --follow --kind gpu vm1:9000\n"
                "  periscope events --json vm1:9000 | jq -r '.events[] | select(.kind == \"gpu\") | .text'\n",
    .options = options,
    .run = events_run,
};
