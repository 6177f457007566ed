/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/facts.h"

#include "platform/clock.h"

#include <string.h>

#define PAUSE_MS 100
#define CHANGE_MS 60000

static const struct cli_option options[] = {
    {"output", 'o', "NAME", "one output, by its display.N.name in 'periscope info'"},
    {"region", 'r', "WxH+X+Y", "compute the software CRC of this part only, in pixels"},
    {"no-cursor", 0, NULL, "compute the software CRC without the mouse cursor"},
    {"backend", 0, "NAME", "the only backend by which the agent may take the picture"},
    {"deadline", 0, "SECONDS", "how long the agent may try (5)"},
    {"wait-change", 'w', NULL, "ask again until a CRC differs from the first one"},
    {"timeout", 't', "SECONDS", "how long --wait-change waits (60)"},
    {0},
};

static bool crc_has_fact(const struct periscope_strings *facts, const char *fact)
{
    for (size_t i = 0; i < facts->count; i++)
        if (strcmp(facts->items[i], fact) == 0)
            return true;
    return false;
}

/* Returns whether a CRC has another value than before. */
static bool crc_has_changed(const struct periscope_strings *before, const struct periscope_strings *after)
{
    for (size_t i = 0; i < after->count; i++)
        if (fact_value(after->items[i], "crc") && !crc_has_fact(before, after->items[i]))
            return true;
    return false;
}

/* Asks until a CRC changes or the time is over. *facts are then the last ones, owned by the caller in any case. */
static int crc_await_change(struct cli *cli, const char *const *list, struct periscope_strings *facts)
{
    struct periscope_strings first = *facts;
    int64_t deadline = os_deadline(cli->timeout_ms < 0 ? CHANGE_MS : cli->timeout_ms);
    int status = 0;
    bool changed = false;
    *facts = (struct periscope_strings){0};
    do {
        os_sleep_ms(PAUSE_MS);
        periscope_strings_free(facts);
        status = periscope_crc(cli->periscope, list, facts);
        changed = !status && crc_has_changed(&first, facts);
    } while (!status && !changed && os_time_left(deadline) > 0);
    periscope_strings_free(&first);
    if (status)
        return cli_failed(cli, status);
    return changed ? CLI_OK : CLI_UNCHANGED;
}

/* Adds an object for "SOURCE VALUE OUTPUT…". */
static void crc_add_json(struct json *reply, const char *crc)
{
    size_t source = strcspn(crc, " ");
    const char *value = crc + source + strspn(crc + source, " ");
    size_t len = strcspn(value, " ");
    json_object_begin(reply, NULL);
    json_text_len(reply, "source", crc, source);
    json_text_len(reply, "value", value, len);
    json_text(reply, "output", value + len + strspn(value + len, " "));
    json_object_end(reply);
}

static void crc_print(struct cli *cli, struct periscope_strings *facts)
{
    facts_json(&cli->reply, facts);
    json_array_begin(&cli->reply, "crcs");
    for (size_t i = 0; i < facts->count; i++) {
        const char *crc = fact_value(facts->items[i], "crc");
        if (crc)
            crc_add_json(&cli->reply, crc);
    }
    json_array_end(&cli->reply);
    facts_print(cli, facts, "crc", false);
}

static int crc_ask(struct cli *cli, const char *const *list)
{
    struct periscope_strings facts;
    int status = periscope_crc(cli->periscope, list, &facts);
    if (status)
        return cli_failed(cli, status);
    int exit_status = cli_option(cli, "wait-change") ? crc_await_change(cli, list, &facts) : CLI_OK;
    if (exit_status == CLI_OK || exit_status == CLI_UNCHANGED) {
        crc_print(cli, &facts);
        cli->status = cli_exit_name(exit_status);
    }
    periscope_strings_free(&facts);
    return exit_status;
}

static int crc_run(struct cli *cli)
{
    static const char *const passed_on[] = {"output", "region", "backend", NULL};
    struct strlist list = {0};
    int exit_status = cli_pass_on(cli, passed_on, &list);
    if (exit_status == CLI_OK)
        exit_status = crc_ask(cli, (const char *const *)list.items);
    strlist_deinit(&list);
    return exit_status;
}

const struct command command_crc = {
    .name = "crc",
    .operands = "",
    .summary = "Print the checksums of the guest's screen, by software and by the display hardware",
    .details = "Prints a line 'crc SOURCE VALUE OUTPUT' for each. 'software' is the CRC of a picture that the\n"
               "agent takes. The others come from the display hardware; they show whether the screen is alive\n"
               "and changes even if its pixels can't be read. Only values of the same source are comparable,\n"
               "except that those of the kernel's vkms equal the software's. A source without a CRC is listed\n"
               "with the reason. With --wait-change the status is 119 if nothing changed in that time.\n",
    .examples = "  periscope crc vm1:9000\n"
                "  periscope crc --wait-change --timeout 10 vm1:9000 || echo frozen\n",
    .options = options,
    .times_itself = true,
    .run = crc_run,
};
