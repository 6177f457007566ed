/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/facts.h"

#include "base/strlist.h"
#include "platform/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_option options[] = {
    {"output", 'o', "NAME", "one output, as display.N.name of 'periscope info' has it"},
    {"region", 'r', "WxH+X+Y", "that part of the screen or output, in pixels"},
    {"cursor", 0, NULL, "with the mouse cursor, as it is without both options"},
    {"no-cursor", 0, NULL, "without the mouse cursor"},
    {"if-changed", 'i', "HASH", "no file and status 119 while the picture's fact 'hash' is still this one"},
    {"format", 'f', "png|ppm", "the file's form; without it by FILE's ending, or png"},
    {"backend", 0, "NAME", "how the agent takes it, and no other way"},
    {"deadline", 0, "SECONDS", "how long the agent may try (5)"},
    {0},
};

struct shot {
    const char *file, *format;
    struct periscope_strings facts;
    uint8_t *bytes; /* NULL: unchanged */
    size_t len;
};

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* "key=value" options of the RPC, only what was asked for: an older agent takes none. */
static bool build_options(struct cli *cli, const struct shot *shot, struct strlist *list)
{
    static const char *const passed_on[] = {"output", "region", "if-changed", "backend"};
    int deadline_ms;
    for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++)
        if (cli_option(cli, passed_on[i]))
            strlist_addf(list, "%s=%s", passed_on[i], cli_option(cli, passed_on[i]));
    if (cli_option(cli, "no-cursor"))
        strlist_add(list, "cursor=0");
    else if (cli_option(cli, "cursor"))
        strlist_add(list, "cursor=1");
    if (strcmp(shot->format, "png") != 0)
        strlist_addf(list, "format=%s", shot->format);
    const char *deadline = cli_option(cli, "deadline");
    if (deadline && !cli_seconds(cli, "--deadline", deadline, &deadline_ms))
        return false;
    if (deadline)
        strlist_addf(list, "deadline-ms=%d", deadline_ms);
    return true;
}

static void tell_facts(struct cli *cli, struct shot *shot)
{
    facts_json(&cli->reply, &shot->facts);
    json_bool(&cli->reply, "unchanged", shot->bytes == NULL);
    json_text(&cli->reply, "file", shot->bytes ? shot->file : NULL);
    json_number(&cli->reply, "bytes", shot->len);
    facts_tell(cli, &shot->facts, strcmp(shot->file, "-") == 0);
}

static int store(struct cli *cli, const struct shot *shot)
{
    struct error err;
    struct os_upload *upload;
    if (strcmp(shot->file, "-") == 0) {
        if (fwrite(shot->bytes, 1, shot->len, stdout) == shot->len)
            return CLI_OK;
        return cli_error(cli, CLI_FAILED, "could not write to standard output");
    }
    int status = os_upload_begin(&upload, shot->file, OS_UPLOAD_ORDINARY, &err);
    if (!status) {
        status = os_upload_write(upload, shot->bytes, shot->len, &err);
        if (status)
            os_upload_abandon(upload);
        else
            status = os_upload_commit(upload, &err);
    }
    return status ? cli_error(cli, CLI_FAILED, "could not write '%s': %s", shot->file, err.text) : CLI_OK;
}

static int take(struct cli *cli, struct shot *shot)
{
    struct strlist list = {0};
    if (!build_options(cli, shot, &list)) {
        strlist_deinit(&list);
        return CLI_USAGE;
    }
    const char *const *given = (const char *const *)list.items;
    int status = list.failed ? 0 : periscope_screenshot(cli->periscope, given, &shot->facts, &shot->bytes, &shot->len);
    bool no_memory = list.failed;
    strlist_deinit(&list);
    if (no_memory)
        return cli_error(cli, CLI_FAILED, "no memory for the options");
    return status ? cli_failed(cli, status) : CLI_OK;
}

static int run(struct cli *cli)
{
    struct shot shot = {.format = cli_option(cli, "format")};
    shot.file = cli->operand_count ? cli->operands[0] : NULL;
    if (!shot.format)
        shot.format = shot.file && ends_with(shot.file, ".ppm") ? "ppm" : "png";
    if (strcmp(shot.format, "png") != 0 && strcmp(shot.format, "ppm") != 0)
        return cli_usage(cli, "--format is '%s', not png or ppm", shot.format);
    if (!shot.file)
        shot.file = strcmp(shot.format, "ppm") == 0 ? "screenshot.ppm" : "screenshot.png";
    if (strcmp(shot.file, "-") == 0 && cli->json)
        return cli_usage(cli, "the picture and --json can't both go to standard output");
    int exit = take(cli, &shot);
    if (!exit && shot.bytes)
        exit = store(cli, &shot);
    if (!exit) {
        tell_facts(cli, &shot);
        exit = shot.bytes ? CLI_OK : CLI_UNCHANGED;
        cli->status = cli_exit_name(exit);
    }
    periscope_strings_free(&shot.facts);
    free(shot.bytes);
    return exit;
}

const struct command command_screenshot = {
    .name = "screenshot",
    .operands = "[FILE]",
    .summary = "Take a picture of the guest's screen",
    .details = "FILE is screenshot.png without it, '-' standard output. Prints what the agent tells of the\n"
               "picture, and warnings on standard error.\n",
    .examples = "  periscope screenshot vm1:9000\n"
                "  periscope screenshot --region 640x480+0+0 --no-cursor vm1:9000 corner.png\n"
                "  periscope screenshot --if-changed \"$hash\" vm1:9000 || test $? = 119\n"
                "  periscope screenshot vm1:9000 - | display\n",
    .options = options,
    .max_operands = 1,
    .run = run,
};
