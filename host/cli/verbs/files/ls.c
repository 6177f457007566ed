/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct cli_option options[] = {
    {"long", 'l', NULL, "type, permissions, size and time of the last change too"},
    {"recursive", 'R', NULL, "all that is below the folder"},
    {0},
};

/* A line of the agent's list; the name is borrowed from it. */
struct ls_entry {
    char type[16], mode[8], time[40];
    unsigned long long size;
    const char *name;
};

static bool ls_parse(const char *line, struct ls_entry *entry)
{
    int at = 0;
    bool whole = sscanf(line, "%15s %llu %7s %39s%n", entry->type, &entry->size, entry->mode, entry->time, &at) == 4;
    entry->name = whole && line[at] == ' ' ? line + at + 1 : "";
    return whole && *entry->name;
}

static void ls_add_json(struct json *reply, const struct ls_entry *entry)
{
    json_object_begin(reply, NULL);
    json_text(reply, "name", entry->name);
    json_text(reply, "type", entry->type);
    json_number(reply, "size", entry->size);
    json_text(reply, "mode", entry->mode);
    json_text(reply, "mtime", entry->time);
    json_object_end(reply);
}

static void ls_print(struct cli *cli, const struct ls_entry *entry, bool is_long)
{
    char when[32] = "?";
    time_t seconds = (time_t)strtoll(entry->time, NULL, 10);
    const struct tm *utc = gmtime(&seconds);
    if (utc)
        strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", utc);
    if (is_long)
        cli_print(cli, "%-7s %s %12llu %s %s\n", entry->type, entry->mode, entry->size, when, entry->name);
    else
        cli_print(cli, "%s%s\n", entry->name, strcmp(entry->type, "folder") == 0 ? "/" : "");
}

static int ls_run(struct cli *cli)
{
    const char *path = cli->operand_count ? cli->operands[0] : ".";
    struct periscope_strings list;
    struct ls_entry entry;
    int status = periscope_list(cli->periscope, path, cli_option(cli, "recursive") != NULL, &list);
    if (status)
        return cli_failed(cli, status);
    json_array_begin(&cli->reply, "entries");
    for (size_t i = 0; i < list.count; i++)
        if (ls_parse(list.items[i], &entry))
            ls_add_json(&cli->reply, &entry);
    json_array_end(&cli->reply);
    cli_make_printable(&list);
    for (size_t i = 0; i < list.count; i++)
        if (ls_parse(list.items[i], &entry))
            ls_print(cli, &entry, cli_option(cli, "long") != NULL);
    periscope_strings_free(&list);
    return CLI_OK;
}

const struct command command_ls = {
    .name = "ls",
    .operands = "[FOLDER]",
    .summary = "List a folder in the guest",
    .details = "Without FOLDER it is the agent's. A folder's name is followed by a slash. Times are UTC. Links are\n"
               "listed and not followed.\n",
    .examples = "  periscope ls vm1:9000\n"
                "  periscope ls -l vm1:9000 'C:\\Windows\\Temp'\n"
                "  periscope ls -R --json vm1:9000 results | jq -r '.entries[].name'\n",
    .options = options,
    .max_operands = 1,
    .run = ls_run,
};
