/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/picture_file.h"
#include "host/cli/replace.h"
#include "host/cli/timeline.h"
#include "host/timeline/apng.h"

#include "platform/file.h"

#include <stdlib.h>
#include <string.h>

static const struct cli_option options[] = {
    {"output", 'o', "HTML", "the page, of one file (DIR/timeline.html); - is standard output"},
    {"folder", 'f', "DIR", "write index.html and its files there: for servers that forbid script and style in a page"},
    {"apng", 'a', "APNG", "write an animated PNG of what the screen showed"},
    {REPLACE_OPTION},
    {0},
};

struct making {
    struct cli *cli;
    struct timeline timeline;
};

static int timeline_write_file(void *context, const char *name, const void *bytes, size_t len, struct error *err)
{
    const char *folder = context;
    char *path = timeline_path(folder, name);
    int status =
        path ? os_upload_whole(path, OS_UPLOAD_ORDINARY, bytes, len, err) : error_set(err, ERR_NO_MEMORY, "no memory");
    if (status)
        status = error_prefix(err, status, "could not write '%s'", path ? path : name);
    free(path);
    return status;
}

static int timeline_failed(struct making *making, const struct error *err)
{
    return cli_error(making->cli, CLI_FAILED, "%s", err->text);
}

static void timeline_tell(struct making *making, const char *member, const char *file, size_t len)
{
    char time[CLI_TIME_SIZE];
    const struct page_counts *counts = &making->timeline.counts;
    json_text(&making->cli->reply, member, file);
    json_number(&making->cli->reply, strcmp(member, "file") == 0 ? "bytes" : "index_bytes", len);
    cli_did(making->cli, "%s: %zu pictures, %zu lines, %zu failures, %.1f MiB, %s", file, counts->pictures,
            counts->lines, counts->failures, (double)len / (1 << 20), cli_elapsed(making->cli, time));
}

static int timeline_write_page(struct making *making, const char *file)
{
    struct buffer page;
    struct error err;
    buffer_init(&page, PAGE_SIZE_MAX);
    int status =
        page_write(&page, &making->timeline.result, &making->timeline.facts, NULL, &making->timeline.counts, &err);
    int exit_status = CLI_OK;
    if (status == ERR_LIMIT)
        exit_status = cli_error(making->cli, CLI_FAILED,
                                "%s: write it with --folder, as files that are read one by one", err.text);
    else if (status)
        exit_status = timeline_failed(making, &err);
    else
        exit_status = picture_store(making->cli, file, page.data, page.len);
    if (!exit_status)
        timeline_tell(making, "file", file, page.len);
    buffer_deinit(&page);
    return exit_status;
}

static int timeline_write_folder(struct making *making, char *folder)
{
    struct buffer page;
    struct error err;
    struct page_files files = {timeline_write_file, folder};
    char *pictures = timeline_path(folder, "pictures");
    int status = pictures ? os_folder_make(pictures, &err) : error_set(&err, ERR_NO_MEMORY, "no memory");
    if (status)
        status = error_prefix(&err, status, "could not make the folder '%s/pictures'", folder);
    free(pictures);
    buffer_init(&page, PAGE_INDEX_MAX);
    if (!status)
        status = page_write(&page, &making->timeline.result, &making->timeline.facts, &files, &making->timeline.counts,
                            &err);
    if (!status)
        status = timeline_write_file(folder, "index.html", page.data, page.len, &err);
    if (!status)
        timeline_tell(making, "folder", folder, page.len);
    buffer_deinit(&page);
    return status ? timeline_failed(making, &err) : CLI_OK;
}

static int timeline_write_apng(struct making *making, const char *file)
{
    struct buffer apng;
    struct error err;
    size_t frames = 0;
    buffer_init(&apng, APNG_SIZE_MAX);
    if (apng_write(&apng, &making->timeline.result, &frames, &err)) {
        buffer_deinit(&apng);
        return timeline_failed(making, &err);
    }
    int exit_status = picture_store(making->cli, file, apng.data, apng.len);
    if (!exit_status) {
        json_text(&making->cli->reply, "apng", file);
        json_number(&making->cli->reply, "frames", frames);
        cli_did(making->cli, "%s: %zu frames, %.1f MiB", file, frames, (double)apng.len / (1 << 20));
    }
    buffer_deinit(&apng);
    return exit_status;
}

static int timeline_write(struct making *making, char *folder)
{
    struct cli *cli = making->cli;
    const char *page = cli_option(cli, "output"), *files = cli_option(cli, "folder"), *apng = cli_option(cli, "apng");
    char *own = page || files || apng ? NULL : timeline_path(folder, "timeline.html");
    int exit_status = CLI_OK;
    if (!page && !files && !apng && !own)
        return cli_error(cli, CLI_FAILED, "no memory");
    if (page || own)
        exit_status = timeline_write_page(making, page ? page : own);
    if (!exit_status && files)
        exit_status = timeline_write_folder(making, (char *)(uintptr_t)files);
    if (!exit_status && apng)
        exit_status = timeline_write_apng(making, apng);
    free(own);
    return exit_status;
}

static int timeline_run(struct cli *cli)
{
    struct making making = {.cli = cli};
    struct error err;
    int exit_status = timeline_read(&making.timeline, cli->operands[0], &err)
                          ? timeline_failed(&making, &err)
                          : timeline_write(&making, cli->operands[0]);
    const struct page_counts *counts = &making.timeline.counts;
    json_number(&cli->reply, "pictures", counts->pictures);
    json_number(&cli->reply, "moments", counts->moments);
    json_number(&cli->reply, "lines", counts->lines);
    json_number(&cli->reply, "failures", counts->failures);
    json_number(&cli->reply, "missing", counts->missing);
    for (size_t i = 0; i < making.timeline.result.warnings.count; i++)
        cli_warn(cli, "%s", making.timeline.result.warnings.items[i]);
    timeline_deinit(&making.timeline);
    return exit_status;
}

const struct command command_timeline = {
    .name = "timeline",
    .operands = "DIR",
    .summary = "Make a page of a recording: the screen on a time axis, beside the test's output",
    .details =
        "DIR is the output folder of 'periscope test --record', or the folder of 'periscope record'. The page is\n"
        "one HTML file that needs nothing else and can be opened from the disk: what the screen showed, when,\n"
        "with the lines that the test printed then, its failures, and the picture before each. It can be read\n"
        "without scripts too.\n",
    .examples = "  periscope timeline out\n"
                "  periscope timeline out --output failure.html --apng failure.png\n"
                "  periscope timeline out --folder public/timeline\n",
    .options = options,
    .min_operands = 1,
    .max_operands = 1,
    .no_guest = true,
    .run = timeline_run,
};
