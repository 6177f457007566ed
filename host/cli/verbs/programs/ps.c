/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/facts.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_option options[] = {
    {"tree", 0, NULL, "their processes too, and what those have left that have ended"},
    {"tag", 0, "NAME", "only those that were started with this tag"},
    {0},
};

/* Returns the value of a line's field "KEY=VALUE", "" where it has none. What is not printable in it is '?'. Owned. */
static char *ps_field(const char *line, const char *key)
{
    size_t len = strlen(key);
    for (const char *at = strchr(line, '\t'); at; at = strchr(at + 1, '\t')) {
        if (strncmp(at + 1, key, len) != 0 || at[1 + len] != '=')
            continue;
        at += len + 2;
        char *value = strdup(at);
        if (value) {
            value[strcspn(value, "\t")] = 0;
            utf8_make_printable(value);
        }
        return value;
    }
    return strdup("");
}

static void ps_seconds(char text[32], const char *line, const char *key)
{
    char *ms = ps_field(line, key);
    uint64_t value = ms ? strtoull(ms, NULL, 10) : 0;
    snprintf(text, 32, ms && *ms ? "%" PRIu64 ".%" PRIu64 : "-", value / 1000, value % 1000 / 100);
    free(ms);
}

/* Prints the words of a line, whose times are in seconds. */
static void ps_print_child(struct cli *cli, const char *line)
{
    static const char *const keys[] = {"pid", "state", "status", "started", "tag", "command"};
    char *values[sizeof keys / sizeof *keys], ran[32], cpu[32];
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        values[i] = ps_field(line, keys[i]);
    ps_seconds(ran, line, "ran-ms");
    ps_seconds(cpu, line, "cpu-ms");
    if (values[0] && values[1] && values[2] && values[3] && values[4] && values[5])
        cli_print(cli, "%7s %-8s%s%s %.19s %8s %8s %-12s %s\n", values[0], values[1], *values[2] ? " " : "", values[2],
                  values[3], ran, cpu, *values[4] ? values[4] : "-", values[5]);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        free(values[i]);
}

static void ps_print_process(struct cli *cli, const char *line)
{
    static const char *const keys[] = {"pid", "state", "name", "child"};
    char *values[sizeof keys / sizeof *keys], cpu[32];
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        values[i] = ps_field(line, keys[i]);
    ps_seconds(cpu, line, "cpu-ms");
    if (values[0] && values[1] && values[2] && values[3])
        cli_print(cli, "%7s   %s of %s, %s, %s s: %s\n", values[0], *line == 'o' ? "left" : "process", values[3],
                  values[1], cpu, values[2]);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        free(values[i]);
}

/* Adds the line to the reply: an object with its kind and its fields, texts as the agent has escaped them. */
static void ps_add_json(struct cli *cli, const char *line)
{
    char *copy = strdup(line);
    json_object_begin(&cli->reply, NULL);
    for (char *field = copy, *next; field; field = next) {
        char *equals, *tab = strchr(field, '\t');
        next = tab ? tab + 1 : NULL;
        if (tab)
            *tab = 0;
        equals = strchr(field, '=');
        if (equals)
            *equals = 0;
        json_text(&cli->reply, equals ? field : field == copy ? "kind" : "text", equals ? equals + 1 : field);
    }
    json_object_end(&cli->reply);
    free(copy);
}

static void ps_show(struct cli *cli, const char *line)
{
    ps_add_json(cli, line);
    if (strncmp(line, "child\t", 6) == 0)
        ps_print_child(cli, line);
    else if (strncmp(line, "process\t", 8) == 0 || strncmp(line, "orphan\t", 7) == 0)
        ps_print_process(cli, line);
    else if (strncmp(line, "more\t", 5) == 0)
        cli_note(cli, "%s older ones are not listed", line + 5);
    else if (strncmp(line, "no-processes\t", 13) == 0)
        cli_warn(cli, "not all processes can be seen: %s", line + 13);
}

static int ps_run(struct cli *cli)
{
    struct strlist wanted = {0};
    struct periscope_strings lines;
    if (cli_option(cli, "tree"))
        strlist_add(&wanted, "tree=1");
    if (cli_option(cli, "tag"))
        strlist_addf(&wanted, "tag=%s", cli_option(cli, "tag"));
    int status = periscope_ps(cli->periscope, (const char *const *)wanted.items, &lines);
    strlist_deinit(&wanted);
    if (status)
        return cli_failed(cli, status);
    json_array_begin(&cli->reply, "lines");
    for (size_t i = 0; i < lines.count; i++)
        ps_show(cli, lines.items[i]);
    json_array_end(&cli->reply);
    periscope_strings_free(&lines);
    return CLI_OK;
}

const struct command command_ps = {
    .name = "ps",
    .operands = "",
    .summary = "List the programs that were started in the guest, and their processes",
    .details = "A line for each that the agent still knows, first those that run: process id, state, when it was\n"
               "started (UTC), for how long it ran and its processor time in seconds, its tag, its command.\n",
    .examples = "  periscope ps vm1:9000\n"
                "  periscope ps --tree --tag nightly vm1:9000\n"
                "  periscope ps --json --tree vm1:9000 | jq -r '.lines[] | select(.kind == \"orphan\") | .pid'\n",
    .options = options,
    .run = ps_run,
};
