/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/progress.h"
#include "host/cli/recorded.h"
#include "platform/clock.h"
#include "platform/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS 300 /* between two looks at the recording; a Ctrl-C waits for it */

static const struct cli_option options[] = {
    {"out", 'o', "DIR", "the local folder that the recording is fetched into (recording)"},
    {"for", 'f', "SECONDS", "stop after this time; else at Ctrl-C"},
    {"detach", 'd', NULL, "start it, print its id and exit: it goes on without this command"},
    {"stop", 0, "ID", "stop one that was started so, and fetch it"},
    {"list", 0, NULL, "list the recordings of the guest"},
    {"keep", 0, NULL, "leave the folder in the guest as well"},
    {"folder", 0, "FOLDER", "a folder of the user's in the guest, which must not be there (the agent's own)"},
    {"output", 0, "NAME", "one output; else the whole screen"},
    {"mask", 0, "WxH+X+Y", "do not count what changes there; may be repeated"},
    {"rate", 0, "N", "at most so many pictures a second (5)"},
    {"settle-ms", 0, "N", "how long the screen must hold still (50)"},
    {"max-ms", 0, "N", "take one after this time even if it moves (300)"},
    {"bytes", 0, "N", "at most so many bytes; then old pictures are dropped (268435456)"},
    {"files", 0, "N", "the same for files (10000)"},
    {"cursor", 0, "0|1", "whether the pointer is drawn, and its moves are pictures (0)"},
    {"passive", 0, "0|1", "whether nothing may be done that programs could notice"},
    {"backend", 0, "NAME", "use this capture backend, or fail"},
    {0},
};

static const char *record_fact(const struct periscope_strings *facts, const char *key)
{
    const char *value = periscope_strings_get(facts, key);
    return value ? value : "";
}

/* Returns a copy of the facts of one recording among those of all; empty when it is not there. Its items are borrowed. */
static struct periscope_strings record_find(const struct periscope_strings *all, const char *id)
{
    struct periscope_strings one = {0};
    for (size_t i = 0; i < all->count; i++) {
        bool begins = strncmp(all->items[i], "id=", 3) == 0;
        if (begins && one.count)
            break;
        if (begins && strcmp(all->items[i] + 3, id) == 0)
            one.items = &all->items[i];
        one.count += one.items != NULL;
    }
    return one;
}

/* ---- options ---- */

static int record_add_masks(struct cli *cli, struct strlist *list)
{
    const char **masks = cli_option_all(cli, "mask");
    for (size_t i = 0; masks && masks[i]; i++)
        strlist_addf(list, "mask=%s", masks[i]);
    list->failed |= !masks;
    free(masks);
    return list->failed ? cli_error(cli, CLI_FAILED, "no memory for the options") : CLI_OK;
}

static int record_start(struct cli *cli, struct periscope_strings *facts)
{
    static const char *const passed[] = {"folder", "output", "rate",    "settle-ms", "max-ms", "bytes",
                                         "files",  "cursor", "passive", "backend",   NULL};
    struct strlist list = {0};
    *facts = (struct periscope_strings){0};
    int exit_status = cli_pass_on(cli, passed, &list);
    if (!exit_status)
        exit_status = record_add_masks(cli, &list);
    if (!exit_status) {
        cli_hold_interrupt(true);
        int status = periscope_record_start(cli->periscope, (const char *const *)list.items, facts);
        cli_hold_interrupt(false);
        exit_status = status ? cli_failed(cli, status) : CLI_OK;
    }
    strlist_deinit(&list);
    return exit_status;
}

/* ---- while it runs ---- */

static void record_show(const struct cli *cli, const struct periscope_strings *facts)
{
    char size[16], time[16];
    int columns = os_terminal_width();
    if (cli->quiet || columns < 2)
        return;
    progress_bytes(size, sizeof size, strtoull(record_fact(facts, "bytes"), NULL, 10));
    progress_time(time, sizeof time, os_clock_ms() - cli->start_ms);
    fprintf(stderr, "\r%.*s: %s pictures, %s\033[K", columns > 40 ? 8 : 0, time, record_fact(facts, "pictures"), size);
    fflush(stderr);
}

static void record_pause(int64_t deadline_ms)
{
    int64_t left = os_time_left(deadline_ms);
    os_sleep_ms(left < LOOK_MS ? (unsigned)left : LOOK_MS);
}

/* Looks at the recording until the time is over, it has stopped, or Ctrl-C. It goes on while the guest can't be reached. */
static void record_watch(struct cli *cli, const char *id, int64_t deadline_ms)
{
    struct periscope_strings all, one;
    bool runs = true, reached = true;
    while (runs && os_time_left(deadline_ms) > 0) {
        record_pause(deadline_ms);
        int status = periscope_record_list(cli->periscope, &all);
        one = record_find(&all, id);
        if (status == 0) {
            record_show(cli, &one);
            runs = strcmp(record_fact(&one, "state"), "recording") == 0;
        }
        if (status && reached && status != PERISCOPE_INTERRUPTED)
            cli_note(cli, "%s", periscope_error_text(cli->periscope));
        reached = status == 0;
        if (status == PERISCOPE_INTERRUPTED || status == PERISCOPE_REFUSED)
            runs = false;
        periscope_strings_free(&all);
    }
    if (!cli->quiet && os_terminal_width() > 1)
        fputs("\r\033[K", stderr);
}

/* ---- its end ---- */

static void record_reply(struct cli *cli, const struct recorded *recorded, const char *reason)
{
    json_number(&cli->reply, "pictures", recorded->pictures);
    json_number(&cli->reply, "dropped", recorded->dropped);
    json_number(&cli->reply, "again", recorded->again);
    json_text(&cli->reply, "reason", reason);
}

static int record_fetch(struct cli *cli, const char *remote, const char *reason)
{
    const char *local = cli_option(cli, "out");
    struct recorded recorded;
    struct error err;
    char time[CLI_TIME_SIZE];
    if (!local)
        local = "recording";
    int status = recorded_fetch(cli, remote, local, cli_option(cli, "keep") != NULL, &recorded, &err);
    if (status)
        return err.status ? cli_error(cli, CLI_FAILED, "%s", err.text) : cli_failed(cli, status);
    json_text(&cli->reply, "out", local);
    record_reply(cli, &recorded, reason);
    if (recorded.dropped)
        cli_warn(cli, "%llu of its pictures were dropped for want of room", (unsigned long long)recorded.dropped);
    return cli_did(cli, "%s: %llu pictures, %llu shown again, %s", local, (unsigned long long)recorded.pictures,
                   (unsigned long long)recorded.again, cli_elapsed(cli, time));
}

static int record_stop(struct cli *cli, const char *id)
{
    struct periscope_strings facts;
    int status = periscope_record_stop(cli->periscope, id, NULL, &facts);
    if (status)
        return cli_failed(cli, status);
    const char *failure = periscope_strings_get(&facts, "failure");
    if (failure)
        cli_warn(cli, "at its end: %s", failure);
    json_text(&cli->reply, "id", id);
    json_text(&cli->reply, "folder", record_fact(&facts, "folder"));
    int exit_status = record_fetch(cli, record_fact(&facts, "folder"), record_fact(&facts, "reason"));
    periscope_strings_free(&facts);
    return exit_status;
}

/* ---- the verb ---- */

static int record_list(struct cli *cli)
{
    struct periscope_strings facts;
    int status = periscope_record_list(cli->periscope, &facts);
    if (status)
        return cli_failed(cli, status);
    json_array_begin(&cli->reply, "facts");
    for (size_t i = 0; i < facts.count; i++)
        json_text(&cli->reply, NULL, facts.items[i]);
    json_array_end(&cli->reply);
    cli_make_printable(&facts);
    for (size_t i = 0; i < facts.count; i++)
        if (strncmp(facts.items[i], "mono-us=", 8) != 0 && strncmp(facts.items[i], "wall-us=", 8) != 0)
            cli_print(cli, "%s%s", strncmp(facts.items[i], "id=", 3) == 0 ? (i > 2 ? "\n" : "") : " ", facts.items[i]);
    if (facts.count > 2)
        cli_print(cli, "\n");
    periscope_strings_free(&facts);
    return CLI_OK;
}

static int record_whole(struct cli *cli, int64_t for_ms)
{
    struct periscope_strings facts;
    int exit_status = record_start(cli, &facts);
    const char *id = record_fact(&facts, "id"), *failure = periscope_strings_get(&facts, "failure");
    if (!exit_status && failure)
        cli_warn(cli, "no picture yet: %s", failure);
    if (!exit_status && cli_option(cli, "detach")) {
        json_text(&cli->reply, "id", id);
        json_text(&cli->reply, "folder", record_fact(&facts, "folder"));
        cli_print(cli, "%s\n", id);
    } else if (!exit_status) {
        record_watch(cli, id, os_deadline(for_ms));
        exit_status = record_stop(cli, id);
    }
    periscope_strings_free(&facts);
    return exit_status;
}

static int record_run(struct cli *cli)
{
    const char *text = cli_option(cli, "for"), *id = cli_option(cli, "stop");
    int for_ms = -1;
    if (text && !cli_seconds(cli, "--for", text, &for_ms))
        return CLI_USAGE;
    if (cli_option(cli, "list"))
        return record_list(cli);
    cli_catch_interrupt(cli);
    return id ? record_stop(cli, id) : record_whole(cli, for_ms);
}

const struct command command_record = {
    .name = "record",
    .operands = "",
    .summary = "Record the guest's screen: a picture each time it has changed and holds still",
    .details = "The agent records, into a folder in the guest, also while nobody is connected. At the end the\n"
               "folder is fetched, checked, and removed in the guest. Ctrl-C stops the recording; the second one\n"
               "leaves it as it is. The folder's format is described in docs/recording.md.\n",
    .examples = "  periscope record --for 60 --out film vm1:9000\n"
                "  periscope record --mask 80x20+1840+1060 vm1:9000\n"
                "  id=$(periscope record --detach vm1:9000)\n"
                "  periscope record --stop \"$id\" --out film vm1:9000\n",
    .options = options,
    .run = record_run,
};
