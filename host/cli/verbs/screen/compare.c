/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/difference.h"
#include "host/cli/facts.h"
#include "host/cli/picture_file.h"
#include "host/cli/qemu.h"
#include "host/cli/replace.h"

#include "base/strlist.h"
#include "picture/ppm.h"
#include "platform/clock.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 10000
#define PAUSE_MS 200
#define ROUNDS_NEEDED 4 /* in a row with the same picture of the guest: QEMU may show its last change with a delay */

static const struct cli_option options[] = {
    {"output", 'o', "DIFF", "write a picture of the difference to this file, .png or .ppm"},
    {"display", 'd', "NAME", "the agent's output, by its name in 'periscope displays'"},
    {"cursor", 0, NULL, "include the mouse cursor, as QEMU does if the guest draws it"},
    {"backend", 0, "NAME", "the only backend by which the agent may take its picture"},
    {"timeout", 't', "SECONDS", "how long to wait for the screen to stop changing (10)"},
    QEMU_OPTIONS,
    {REPLACE_OPTION},
    {0},
};

struct agent_picture {
    struct periscope_strings facts; /* owned */
    uint8_t *file;                  /* owned; NULL: unchanged */
    struct image_view image;        /* in the file */
};

struct comparison {
    struct qmp *qmp;          /* owned */
    struct qmp_screen screen; /* of QEMU */
    struct agent_picture guest;
    struct qmp_picture qemu;
    struct difference difference;
    int same_rounds; /* consecutive rounds in which the guest's picture has not changed */
};

static void agent_picture_deinit(struct agent_picture *picture)
{
    periscope_strings_free(&picture->facts);
    free(picture->file);
    *picture = (struct agent_picture){0};
}

static void comparison_deinit(struct comparison *c)
{
    qmp_close(c->qmp);
    agent_picture_deinit(&c->guest);
    free(c->qemu.file);
}

/* ---- taking both pictures ---- */

static void compare_build_options(struct cli *cli, const char *if_changed, struct strlist *list)
{
    strlist_add(list, "format=ppm");
    strlist_addf(list, "cursor=%d", cli_option(cli, "cursor") != NULL);
    if (cli_option(cli, "display"))
        strlist_addf(list, "output=%s", cli_option(cli, "display"));
    if (cli_option(cli, "backend"))
        strlist_addf(list, "backend=%s", cli_option(cli, "backend"));
    if (if_changed)
        strlist_addf(list, "if-changed=%s", if_changed);
}

/* Takes the agent's picture. if_changed: NULL, or a hash for which the agent sends no picture. */
static int compare_ask_agent(struct cli *cli, const char *if_changed, struct agent_picture *out)
{
    struct strlist list = {0};
    struct error err;
    size_t len;
    *out = (struct agent_picture){0};
    compare_build_options(cli, if_changed, &list);
    if (list.failed) {
        strlist_deinit(&list);
        return cli_error(cli, CLI_FAILED, "no memory for the options");
    }
    int status = periscope_screenshot(cli->periscope, (const char *const *)list.items, &out->facts, &out->file, &len);
    strlist_deinit(&list);
    if (status)
        return cli_failed(cli, status);
    if (out->file && ppm_decode(&out->image, out->file, len, &err))
        return cli_error(cli, CLI_FAILED, "%s: the picture that the agent sent: %s", cli->target, err.text);
    return CLI_OK;
}

/* Takes the agent's picture again, unless it is unchanged. */
static int compare_fetch_guest(struct cli *cli, struct comparison *c, bool *changed)
{
    struct agent_picture now;
    const char *hash = c->guest.file ? periscope_strings_get(&c->guest.facts, "hash") : NULL;
    int exit_status = compare_ask_agent(cli, hash, &now);
    *changed = !exit_status && now.file;
    if (*changed) {
        agent_picture_deinit(&c->guest);
        c->guest = now;
    } else {
        agent_picture_deinit(&now);
    }
    return exit_status;
}

/* Takes QEMU's picture. It may change while the guest's does not: QEMU draws the blinking cursor of a text mode. */
static int compare_fetch_qemu(struct cli *cli, struct comparison *c)
{
    struct error err;
    struct qmp_picture now;
    if (qmp_screendump(c->qmp, &c->screen, &now, &err))
        return qemu_failed(cli, &err);
    free(c->qemu.file);
    c->qemu = now;
    return CLI_OK;
}

static int compare_once(struct cli *cli, struct comparison *c)
{
    bool changed;
    int exit_status = compare_fetch_guest(cli, c, &changed);
    if (!exit_status)
        exit_status = compare_fetch_qemu(cli, c);
    if (exit_status)
        return exit_status;
    c->same_rounds = changed ? 1 : c->same_rounds + 1;
    difference_find(&c->guest.image, &c->qemu.image, &c->difference);
    return CLI_OK;
}

/* Compares until the pictures are equal, or differ in each of the last rounds while the guest's is unchanged. */
static int compare_until_stable(struct cli *cli, struct comparison *c)
{
    int64_t deadline = os_deadline(cli->timeout_ms < 0 ? TIMEOUT_MS : cli->timeout_ms);
    for (;;) {
        int exit_status = compare_once(cli, c);
        if (exit_status)
            return exit_status;
        if (c->difference.pixels == 0)
            return CLI_OK;
        if (c->same_rounds >= ROUNDS_NEEDED)
            return CLI_DIFFERENT;
        if (os_time_left(deadline) == 0)
            return CLI_TIMED_OUT;
        os_sleep_ms(PAUSE_MS);
    }
}

/* ---- results ---- */

static void compare_add_json(struct json *reply, const struct comparison *c)
{
    const struct difference *d = &c->difference;
    facts_json(reply, &c->guest.facts);
    json_bool(reply, "equal", d->pixels == 0);
    json_number(reply, "differing", d->pixels);
    json_number(reply, "pixels", d->total);
    json_number(reply, "most", d->most);
    json_object_begin(reply, "area");
    json_number(reply, "x", d->x);
    json_number(reply, "y", d->y);
    json_number(reply, "width", d->width);
    json_number(reply, "height", d->height);
    json_object_end(reply);
    json_object_begin(reply, "qemu");
    json_text(reply, "version", qmp_version(c->qmp));
    json_number(reply, "width", c->qemu.image.width);
    json_number(reply, "height", c->qemu.image.height);
    json_object_end(reply);
}

static void compare_print(struct cli *cli, struct comparison *c)
{
    const struct difference *d = &c->difference;
    const struct image_view *guest = &c->guest.image, *qemu = &c->qemu.image;
    compare_add_json(&cli->reply, c);
    cli_make_printable(&c->guest.facts);
    const char *output = periscope_strings_get(&c->guest.facts, "output");
    cli_print(cli, "agent: %ux%u of %s\nqemu:  %ux%u\n", guest->width, guest->height, output ? output : "?",
              qemu->width, qemu->height);
    if (!d->same_size)
        cli_print(cli, "the sizes differ\n");
    if (d->pixels == 0)
        cli_print(cli, "equal\n");
    else
        cli_print(cli, "%" PRIu64 " of %" PRIu64 " pixels differ, within %ux%u+%u+%u, by at most %u of 255\n",
                  d->pixels, d->total, d->width, d->height, d->x, d->y, d->most);
}

static int compare_write_difference(struct cli *cli, const struct comparison *c)
{
    const char *file = cli_option(cli, "output");
    uint8_t *pixels, *bytes = NULL;
    struct image_view image;
    struct error err;
    size_t len = 0;
    if (!file)
        return CLI_OK;
    if (difference_draw(&c->guest.image, &c->qemu.image, &pixels, &image, &err))
        return cli_error(cli, CLI_FAILED, "%s", err.text);
    int exit_status = picture_encode(cli, &image, picture_format(file), false, &bytes, &len);
    free(pixels);
    if (!exit_status)
        exit_status = picture_store(cli, file, bytes, len);
    free(bytes);
    return exit_status;
}

static int compare_pictures(struct cli *cli, struct comparison *c)
{
    struct error err;
    if (qemu_open(cli, &c->qmp, &err))
        return qemu_failed(cli, &err);
    int result = compare_until_stable(cli, c);
    if (result != CLI_OK && result != CLI_DIFFERENT && !(result == CLI_TIMED_OUT && !cli->reported))
        return result;
    compare_print(cli, c);
    int exit_status = compare_write_difference(cli, c);
    if (exit_status)
        return exit_status;
    if (result == CLI_TIMED_OUT)
        return cli_error(cli, CLI_TIMED_OUT, "the screen did not stop changing for long enough to be compared");
    cli->status = cli_exit_name(result);
    return result;
}

static int compare_run(struct cli *cli)
{
    struct comparison comparison = {0};
    if (!cli_option(cli, "qmp"))
        return cli_usage(cli, "--qmp is needed: the monitor of the QEMU to compare with");
    if (cli_option(cli, "output") && strcmp(cli_option(cli, "output"), "-") == 0)
        return cli_usage(cli, "--output is a file's name");
    if (!qemu_options(cli, &comparison.screen))
        return CLI_USAGE;
    int exit_status = compare_pictures(cli, &comparison);
    comparison_deinit(&comparison);
    return exit_status;
}

const struct command command_compare = {
    .name = "compare",
    .operands = "",
    .summary = "Compare the agent's picture of the screen with QEMU's",
    .details = "Takes both pictures until they are equal (status 0), or differ while the guest's does not change\n"
               "(118). A screen that changes all the time is a failure (121). In DIFF, equal pixels are grey,\n"
               "different ones red, those of one picture alone blue. The mouse cursor is omitted without\n"
               "--cursor: QEMU's picture does not have it if the card has a plane for it.\n",
    .examples = "  periscope compare --qmp /run/vm1.qmp --output difference.png vm1:9000\n",
    .options = options,
    .times_itself = true,
    .run = compare_run,
};
