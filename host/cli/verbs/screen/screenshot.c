/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/display.h"
#include "host/cli/facts.h"
#include "host/cli/picture_file.h"
#include "host/cli/progress.h"
#include "host/cli/qemu.h"
#include "host/cli/replace.h"

#include "base/strlist.h"
#include "base/timestamp.h"
#include "platform/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE_SIZE 160 /* bytes of who took a picture, for people */

static const struct cli_option options[] = {
    {"output", 'o', "NAME", "one output, by its name in 'periscope displays'"},
    {"region", 'r', "WxH+X+Y", "only this part of the screen or output, in pixels"},
    {"cursor", 0, NULL, "include the mouse cursor, which is the default"},
    {"no-cursor", 0, NULL, "omit the mouse cursor"},
    {"if-changed", 'i', "HASH", "exit with 119, without a file, if the fact 'hash' is unchanged"},
    {"wait", 0, "SECONDS", "with --if-changed: wait so long, at most 60, until it is another"},
    {"format", 'f', "png|ppm", "the file's format; by default that of FILE's extension, or png"},
    {"scale", 0, "1/N", "of 1/N of the width and height, N from 1 to 64: a thumbnail"},
    {"level", 0, "fast|small", "what counts of a PNG: the time that it takes (the default), or its size"},
    {"backend", 0, "NAME", "the only backend by which the agent may take it"},
    {"compare", 0, NULL, "also take it by another backend and report how far both differ"},
    {"deadline", 0, "SECONDS", "how long the agent may try (5)"},
    QEMU_OPTIONS,
    {REPLACE_OPTION},
    {"source", 0, "auto|agent|qemu", "who takes it (with --qmp: auto, else agent)"},
    {0},
};

struct shot {
    const char *file, *format;
    bool small;
    struct strlist options; /* of the RPC; owned */
    struct qmp_screen screen;
    struct periscope_strings facts; /* owned */
    uint8_t *bytes;                 /* owned; NULL: unchanged */
    size_t len;
};

/* Builds the "key=value" options of the RPC, only those that were given: an older agent accepts none. */
static int screenshot_build_options(struct cli *cli, struct shot *shot)
{
    static const char *const passed_on[] = {"output", "region", "if-changed", "scale", "level", "backend", NULL};
    struct strlist *list = &shot->options;
    int exit_status = cli_pass_on(cli, passed_on, list);
    if (exit_status != CLI_OK)
        return exit_status;
    const char *wait = cli_option(cli, "wait");
    int wait_ms;
    if (wait && !cli_seconds(cli, "--wait", wait, &wait_ms))
        return CLI_USAGE;
    if (wait)
        strlist_addf(list, "wait-ms=%d", wait_ms);
    if (cli_option(cli, "cursor") && !cli_option(cli, "no-cursor"))
        strlist_add(list, "cursor=1");
    if (cli_option(cli, "compare"))
        strlist_add(list, "compare=1");
    if (strcmp(shot->format, "png") != 0)
        strlist_addf(list, "format=%s", shot->format);
    return list->failed ? cli_error(cli, CLI_FAILED, "no memory for the options") : CLI_OK;
}

/* Formats where the picture is from: "X server :77", "card0-HDMI-A-1 (drm)", "QEMU". */
static void screenshot_source(const struct periscope_strings *facts, char *text, size_t size)
{
    const char *source = periscope_strings_get(facts, "source"), *backend = periscope_strings_get(facts, "backend");
    const char *server = periscope_strings_get(facts, "x11.display"), *output = periscope_strings_get(facts, "output");
    if (source && strcmp(source, "qemu") == 0)
        snprintf(text, size, ", QEMU");
    else if (server)
        snprintf(text, size, ", X server %.*s", (int)strcspn(server, "."), server);
    else if (output)
        snprintf(text, size, ", %s (%s)", output, backend ? backend : "?");
    else
        snprintf(text, size, "%s%s", backend ? ", " : "", backend ? backend : "");
}

static void screenshot_tell(struct cli *cli, const struct shot *shot)
{
    char source[SOURCE_SIZE], bytes[16], time[CLI_TIME_SIZE];
    const char *geometry = periscope_strings_get(&shot->facts, "geometry");
    const char *scale = periscope_strings_get(&shot->facts, "scale");
    const char *file = strcmp(shot->file, "-") == 0 ? "standard output" : shot->file;
    screenshot_source(&shot->facts, source, sizeof source);
    progress_bytes(bytes, sizeof bytes, shot->len);
    if (!shot->bytes)
        cli_did(cli, "%s: unchanged, and not written%s, %s", file, source, cli_elapsed(cli, time));
    else
        cli_did(cli, "%s: %.*s%s%s%s, %s", file, geometry ? (int)strcspn(geometry, "+-") : (int)strlen(bytes),
                geometry ? geometry : bytes, scale ? " at " : "", scale ? scale : "", source, cli_elapsed(cli, time));
}

static void screenshot_print_facts(struct cli *cli, struct shot *shot)
{
    facts_json(&cli->reply, &shot->facts);
    json_bool(&cli->reply, "unchanged", shot->bytes == NULL);
    json_text(&cli->reply, "file", shot->bytes ? shot->file : NULL);
    json_number(&cli->reply, "bytes", shot->len);
    facts_print(cli, &shot->facts, NULL, strcmp(shot->file, "-") == 0);
    screenshot_tell(cli, shot);
}

/* ---- from the agent ---- */

static int screenshot_ask_agent(struct cli *cli, struct shot *shot)
{
    const char *const *list = (const char *const *)shot->options.items;
    return periscope_screenshot(cli->periscope, list, &shot->facts, &shot->bytes, &shot->len);
}

static int screenshot_from_agent(struct cli *cli, struct shot *shot)
{
    int status = screenshot_ask_agent(cli, shot);
    return status ? cli_failed(cli, status) : CLI_OK;
}

/* ---- from QEMU ---- */

/* Returns an option that only the agent supports and that was given, or NULL. */
static const char *screenshot_agent_option(const struct cli *cli)
{
    static const char *const names[] = {"region", "if-changed", "wait", "scale", "backend", "compare"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (cli_option(cli, names[i]))
            return names[i];
    return NULL;
}

static int screenshot_dump(struct cli *cli, struct shot *shot, struct qmp_picture *picture, struct error *err)
{
    struct qmp *qmp;
    char time[TIMESTAMP_SIZE];
    timestamp_text(time, os_wall_time_ms());
    int status = qemu_open(cli, &qmp, err);
    if (status)
        return status;
    status = qmp_screendump(qmp, &shot->screen, picture, err);
    if (status == 0 &&
        !(facts_add(&shot->facts, "source=qemu") && facts_add(&shot->facts, "qemu.version=%s", qmp_version(qmp)) &&
          facts_add(&shot->facts, "time=%s", time) &&
          facts_add(&shot->facts, "geometry=%ux%u+0+0", picture->image.width, picture->image.height)))
        status = error_set(err, ERR_NO_MEMORY, "no memory for the facts about the picture");
    qmp_close(qmp);
    return status;
}

static int screenshot_from_qemu(struct cli *cli, struct shot *shot)
{
    struct qmp_picture picture = {0};
    struct error err;
    int exit_status = screenshot_dump(cli, shot, &picture, &err)
                          ? qemu_failed(cli, &err)
                          : picture_encode(cli, &picture.image, shot->format, shot->small, &shot->bytes, &shot->len);
    free(picture.file);
    return exit_status;
}

/* ---- choosing the source ---- */

/* Determines the class of the output from the agent. Returns a periscope_status, which is an error if the agent does
   not reply. */
static int screenshot_find_class(struct cli *cli, enum display_class *class)
{
    struct periscope_strings facts;
    struct displays displays;
    int status = periscope_displays(cli->periscope, NULL, &facts);
    if (status == PERISCOPE_UNSUPPORTED)
        status = periscope_properties(cli->periscope, &facts);
    if (status)
        return status;
    displays_take(&displays, &facts);
    *class = displays_class(&displays, cli_option(cli, "output"));
    displays_deinit(&displays);
    return 0;
}

/* Returns whether QEMU may show the output. It does not see that of a passed-through or virtual card; its picture would
   be of another screen. */
static bool screenshot_visible_to_qemu(enum display_class class)
{
    return class == DISPLAY_EMULATED || class == DISPLAY_UNKNOWN;
}

static int screenshot_from_either(struct cli *cli, struct shot *shot)
{
    enum display_class class = DISPLAY_UNKNOWN;
    int status = screenshot_find_class(cli, &class);
    if (!status)
        status = screenshot_ask_agent(cli, shot);
    if (status && screenshot_visible_to_qemu(class) && status != PERISCOPE_INTERRUPTED &&
        !screenshot_agent_option(cli)) {
        const char *why = periscope_error_text(cli->periscope);
        facts_add(&shot->facts, "refused=agent: %s", why);
        cli_warn(cli, "%s: no picture from the agent, using QEMU's: %s", cli->target, why);
        return screenshot_from_qemu(cli, shot);
    }
    if (status)
        return cli_failed(cli, status);
    bool kept =
        facts_add(&shot->facts, "source=agent") && facts_add(&shot->facts, "class=%s", display_class_name(class));
    return kept ? CLI_OK : cli_error(cli, CLI_FAILED, "no memory for the facts about the picture");
}

static int screenshot_take(struct cli *cli, struct shot *shot)
{
    const char *source = cli_option(cli, "source"), *qmp = cli_option(cli, "qmp"), *own = screenshot_agent_option(cli);
    if (source && strcmp(source, "auto") != 0 && strcmp(source, "agent") != 0 && strcmp(source, "qemu") != 0)
        return cli_usage(cli, "--source is '%s', not auto, agent or qemu", source);
    if (!qemu_options(cli, &shot->screen))
        return CLI_USAGE;
    if (source && strcmp(source, "qemu") == 0) {
        if (!qmp)
            return cli_usage(cli, "--source qemu needs --qmp");
        if (own)
            return cli_usage(cli, "--%s needs the agent: QEMU has no such option", own);
        return screenshot_from_qemu(cli, shot);
    }
    return qmp && !(source && strcmp(source, "agent") == 0) ? screenshot_from_either(cli, shot)
                                                            : screenshot_from_agent(cli, shot);
}

static int screenshot_run_with(struct cli *cli, struct shot *shot)
{
    int exit_status = screenshot_build_options(cli, shot);
    if (!exit_status)
        exit_status = screenshot_take(cli, shot);
    if (!exit_status && shot->bytes)
        exit_status = picture_store(cli, shot->file, shot->bytes, shot->len);
    if (exit_status)
        return exit_status;
    screenshot_print_facts(cli, shot);
    exit_status = shot->bytes ? CLI_OK : CLI_UNCHANGED;
    cli->status = cli_exit_name(exit_status);
    return exit_status;
}

static int screenshot_run(struct cli *cli)
{
    struct shot shot = {.format = cli_option(cli, "format")};
    shot.file = cli->operand_count ? cli->operands[0] : NULL;
    if (!shot.format)
        shot.format = picture_format(shot.file);
    if (strcmp(shot.format, "png") != 0 && strcmp(shot.format, "ppm") != 0)
        return cli_usage(cli, "--format is '%s', not png or ppm", shot.format);
    const char *level = cli_option(cli, "level");
    shot.small = level && strcmp(level, "small") == 0;
    if (level && !shot.small && strcmp(level, "fast") != 0)
        return cli_usage(cli, "--level is '%s', not fast or small", level);
    if (!shot.file)
        shot.file = strcmp(shot.format, "ppm") == 0 ? "screenshot.ppm" : "screenshot.png";
    if (strcmp(shot.file, "-") == 0 && cli->json)
        return cli_usage(cli, "the picture and --json can't both go to standard output");
    int exit_status = screenshot_run_with(cli, &shot);
    strlist_deinit(&shot.options);
    periscope_strings_free(&shot.facts);
    free(shot.bytes);
    return exit_status;
}

const struct command command_screenshot = {
    .name = "screenshot",
    .operands = "[FILE]",
    .summary = "Take a picture of the guest's screen",
    .details = "The default of FILE is screenshot.png; '-' is standard output. Prints a line about the\n"
               "picture on standard error, and warnings; with --verbose all facts on standard output.\n\n"
               "With --qmp and --source auto the agent is asked first. QEMU takes the picture if no agent\n"
               "answers, or if the agent has none, unless QEMU can't see the output: one of a passed-through\n"
               "card, or one that exists only within the guest. The fact 'source' names who took it. QEMU\n"
               "writes the picture to a file, so it must run on this machine.\n",
    .examples = "  periscope screenshot vm1:9000\n"
                "  periscope screenshot --region 640x480+0+0 --no-cursor vm1:9000 corner.png\n"
                "  periscope screenshot --if-changed \"$hash\" vm1:9000 || test $? = 119\n"
                "  periscope screenshot vm1:9000 - | display\n"
                "  periscope screenshot --qmp /run/vm1.qmp --connect-timeout 2 vm1:9000 boot.png\n",
    .options = options,
    .max_operands = 1,
    .run = screenshot_run,
};
