/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/cli.h"

#include <stdlib.h>
#include <string.h>

/* One long name must not make the column wider than this. */
#define NAME_MOST 32

static void info_add_json(struct json *reply, const struct periscope_strings *properties)
{
    json_object_begin(reply, "properties");
    for (size_t i = 0; i < properties->count; i++) {
        char *name = strdup(properties->items[i]);
        char *value = name ? strchr(name, '=') : NULL;
        if (value)
            *value++ = '\0';
        if (name)
            json_text(reply, name, value);
        else
            reply->out.failed = true;
        free(name);
    }
    json_object_end(reply);
}

static int info_name_width(const struct periscope_strings *properties)
{
    size_t width = 0;
    for (size_t i = 0; i < properties->count; i++) {
        size_t len = strcspn(properties->items[i], "=");
        if (len > width && len <= NAME_MOST)
            width = len;
    }
    return (int)width;
}

static void info_print_table(struct cli *cli, const struct periscope_strings *properties)
{
    int width = info_name_width(properties);
    for (size_t i = 0; i < properties->count; i++) {
        const char *text = properties->items[i];
        int len = (int)strcspn(text, "=");
        cli_print(cli, "%-*.*s  %s\n", width, len, text, text[len] ? text + len + 1 : "");
    }
}

static int info_run(struct cli *cli)
{
    struct periscope_strings properties;
    int status = periscope_ping(cli->periscope);
    if (status)
        return cli_failed(cli, status);
    const char *banner = periscope_banner(cli->periscope);
    json_text(&cli->reply, "banner", banner);
    cli_print(cli, "%s: %s\n", cli->target, banner ? banner : "");
    status = periscope_properties(cli->periscope, &properties);
    if (status)
        return cli_failed(cli, status);
    info_add_json(&cli->reply, &properties);
    cli_make_printable(&properties);
    info_print_table(cli, &properties);
    periscope_strings_free(&properties);
    return CLI_OK;
}

const struct command command_info = {
    .name = "info",
    .operands = "",
    .summary = "Show the properties of the agent and its guest",
    .examples = "  periscope info vm1:9000\n"
                "  periscope info --json vm1:9000 | jq -r '.properties[\"os.name\"]'\n",
    .run = info_run,
};
