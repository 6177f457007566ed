/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/cli.h"
#include "host/cli/display.h"
#include "host/cli/facts.h"

#include <stdio.h>
#include <string.h>

static const struct cli_option options[] = {
    {"backend", 0, "NAME", "only the outputs that this backend of the agent sees"},
    {"deadline", 0, "SECONDS", "how long the agent may try (5)"},
    {0},
};

#define FORM "%-20s %-7s %-12s %-14s %-15s %-14s %s\n"
#define SOURCES_MAX 8
#define CARD_SIZE 16

/* An output, seen by one or more sources. */
struct row {
    const struct display *display;    /* of the source that reports most, which is the kernel */
    const char *sources[SOURCES_MAX]; /* borrowed */
    size_t source_count;
};

/* Extracts "card0" from "card0-HDMI-A-1", or "". */
static void displays_card(const char *name, char card[CARD_SIZE])
{
    size_t digits = strncmp(name, "card", 4) == 0 ? strspn(name + 4, "0123456789") : 0;
    *card = 0;
    if (digits > 0 && digits < CARD_SIZE - 4 && name[4 + digits] == '-')
        snprintf(card, CARD_SIZE, "%.*s", (int)(4 + digits), name);
}

/* ---- from the agent's list to rows ---- */

/* Converts the kernel's "card0-HDMI-A-1" to "HDMI-1", its name in an X server that uses the kernel's driver. */
static void displays_connector(const char *name, char *connector, size_t size)
{
    char card[CARD_SIZE];
    displays_card(name, card);
    if (*card)
        name += strlen(card) + 1;
    bool is_hdmi = strncmp(name, "HDMI-A-", 7) == 0 || strncmp(name, "HDMI-B-", 7) == 0;
    snprintf(connector, size, "%s%s", is_hdmi ? "HDMI-" : "", is_hdmi ? name + 7 : name);
}

static bool displays_same_text(const char *one, const char *other)
{
    return one && other && strcmp(one, other) == 0;
}

static bool displays_same_card(const struct display *one, const struct display *other)
{
    return one->pci || other->pci ? displays_same_text(one->pci, other->pci)
                                  : displays_same_text(one->driver, other->driver);
}

static bool displays_is_same_output(const struct display *one, const struct display *other)
{
    char connector[256], other_connector[256];
    if (displays_same_text(one->backend, other->backend) || !displays_same_card(one, other))
        return false;
    displays_connector(one->name, connector, sizeof connector);
    displays_connector(other->name, other_connector, sizeof other_connector);
    return strcmp(connector, other_connector) == 0;
}

static struct row *row_find(struct row *rows, size_t count, const struct display *display)
{
    for (size_t i = 0; i < count; i++)
        if (displays_is_same_output(rows[i].display, display))
            return &rows[i];
    return NULL;
}

static void row_add_source(struct row *row, const char *source)
{
    for (size_t i = 0; i < row->source_count; i++)
        if (strcmp(row->sources[i], source) == 0)
            return;
    if (row->source_count < SOURCES_MAX)
        row->sources[row->source_count++] = source;
}

static size_t rows_make(const struct displays *displays, struct row *rows)
{
    size_t count = 0;
    for (size_t i = 0; i < displays->count; i++) {
        const struct display *display = &displays->items[i];
        if (!display->name)
            continue;
        struct row *row = row_find(rows, count, display);
        if (!row) {
            row = &rows[count++];
            *row = (struct row){.display = display};
        } else if (displays_same_text(display->backend, "drm")) {
            row->display = display;
        }
        row_add_source(row, display->backend ? display->backend : "unknown");
    }
    for (size_t i = 0; i < count; i++)
        if (display_class(rows[i].display) == DISPLAY_EMULATED)
            row_add_source(&rows[i], "qemu");
    return count;
}

/* ---- results ---- */

/* Formats an output's mode, or its size if the mode is unknown. */
static void displays_mode(const struct display *display, char *mode, size_t size)
{
    const char *text = display->mode ? display->mode : display->geometry ? display->geometry : "";
    size_t len = display->mode ? strlen(text) : strcspn(text, "+-");
    snprintf(mode, size, "%.*s", (int)len, text);
}

static void row_add_json(struct json *reply, const struct row *row)
{
    const struct display *display = row->display;
    char card[CARD_SIZE], mode[64];
    displays_card(display->name, card);
    displays_mode(display, mode, sizeof mode);
    json_object_begin(reply, NULL);
    json_text(reply, "name", display->name);
    json_text(reply, "card", *card ? card : NULL);
    json_text(reply, "driver", display->driver);
    json_text(reply, "pci", display->pci);
    json_text(reply, "class", display_class_name(display_class(display)));
    json_text(reply, "mode", *mode ? mode : NULL);
    json_text(reply, "geometry", display->geometry);
    json_array_begin(reply, "sources");
    for (size_t i = 0; i < row->source_count; i++)
        json_text(reply, NULL, row->sources[i]);
    json_array_end(reply);
    json_object_end(reply);
}

static const char *displays_or_none(const char *text)
{
    return text && *text ? text : "-";
}

static void row_print(struct cli *cli, const struct row *row)
{
    const struct display *display = row->display;
    char card[CARD_SIZE], mode[64], sources[256] = "";
    displays_card(display->name, card);
    displays_mode(display, mode, sizeof mode);
    for (size_t i = 0, len = 0; i < row->source_count && len < sizeof sources; i++)
        len += (size_t)snprintf(sources + len, sizeof sources - len, "%s%s", i ? "," : "", row->sources[i]);
    cli_print(cli, FORM, display->name, displays_or_none(card), displays_or_none(display->driver),
              displays_or_none(display->pci), display_class_name(display_class(display)), displays_or_none(mode),
              sources);
}

static void rows_add_json(struct json *reply, const struct periscope_strings *facts, const struct row *rows,
                          size_t count)
{
    json_array_begin(reply, "displays");
    for (size_t i = 0; i < count; i++)
        row_add_json(reply, &rows[i]);
    json_array_end(reply);
    json_array_begin(reply, "refused");
    for (size_t i = 0; i < facts->count; i++)
        if (fact_value(facts->items[i], "refused"))
            json_text(reply, NULL, fact_value(facts->items[i], "refused"));
    json_array_end(reply);
}

static void displays_print(struct cli *cli, struct displays *displays)
{
    struct row rows[DISPLAYS_MAX];
    size_t count = rows_make(displays, rows);
    rows_add_json(&cli->reply, &displays->facts, rows, count);
    cli_make_printable(&displays->facts); /* in place: the rows point into them */
    cli_print(cli, FORM, "NAME", "CARD", "DRIVER", "PCI", "CLASS", "MODE", "SOURCES");
    for (size_t i = 0; i < count; i++)
        row_print(cli, &rows[i]);
    for (size_t i = 0; i < displays->facts.count && (cli->verbose || count == 0); i++)
        if (fact_value(displays->facts.items[i], "refused"))
            cli_note(cli, "%s: no output from %s", cli->target, fact_value(displays->facts.items[i], "refused"));
}

static int displays_ask(struct cli *cli, const char *const *list)
{
    struct periscope_strings facts;
    struct displays displays;
    int status = periscope_displays(cli->periscope, list, &facts);
    if (status)
        return cli_failed(cli, status);
    displays_take(&displays, &facts);
    displays_print(cli, &displays);
    displays_deinit(&displays);
    return CLI_OK;
}

static int displays_run(struct cli *cli)
{
    static const char *const passed_on[] = {"backend", NULL};
    struct strlist list = {0};
    int exit_status = cli_pass_on(cli, passed_on, &list);
    if (exit_status == CLI_OK)
        exit_status = displays_ask(cli, (const char *const *)list.items);
    strlist_deinit(&list);
    return exit_status;
}

const struct command command_displays = {
    .name = "displays",
    .operands = "",
    .summary = "List the outputs of the guest, their drivers and the sources that can show them",
    .details = "Prints a line for each active output. The class is 'emulated' (a card of the hypervisor),\n"
               "'passed-through', 'virtual' (one that exists only within the guest), or 'unknown' if the agent\n"
               "does not report it. The sources are the backends of the agent that see the output now, and\n"
               "'qemu' if the card is emulated, so that QEMU's screendump shows it. The reasons why other\n"
               "backends see none are printed on standard error with --verbose, or if there is no output at all.\n",
    .examples = "  periscope displays vm1:9000\n"
                "  periscope displays --json vm1:9000 | jq -r '.displays[].name'\n",
    .options = options,
    .run = displays_run,
};
