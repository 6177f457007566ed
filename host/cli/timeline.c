/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/timeline.h"

#include "host/common/json_read.h"

#include "base/timestamp.h"
#include "platform/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESULT_JSON_MAX (256u << 20) /* bytes */
#define VALUE_MAX 65536              /* bytes of a fact */

char *timeline_path(const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s/%s", folder, name);
    return path;
}

/* Returns a member's text, or NULL. */
static char *timeline_member(const struct json_value *object, const char *name)
{
    struct json_value value;
    struct buffer text;
    buffer_init(&text, VALUE_MAX);
    bool good = json_member(object, name, &value) && json_string(&value, &text) && buffer_append(&text, "", 1);
    if (good)
        return (char *)text.data;
    buffer_deinit(&text);
    return NULL;
}

static void timeline_add_fact(struct timeline *timeline, const char *name, const char *value)
{
    if (value && *value)
        strlist_addf(&timeline->facts.rows, "%s=%s", name, value);
}

/* Takes what `periscope test` has told of its run. */
static void timeline_add_run(struct timeline *timeline, const struct json_value *run)
{
    static const struct {
        const char *member, *name;
    } members[] = {{"host", "Guest"}, {"executable", "Test"}, {"agent", "Agent"}, {"started", "Started"}};
    char *dll = timeline_member(run, "dll"), *host = timeline_member(run, "host");
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        char *value = timeline_member(run, members[i].member);
        timeline_add_fact(timeline, members[i].name, value);
        free(value);
    }
    timeline->verdict = timeline_member(run, "verdict");
    if (dll && host) {
        size_t size = strlen(dll) + strlen(host) + 8;
        timeline->title = malloc(size);
        if (timeline->title)
            snprintf(timeline->title, size, "%s on %s", dll, host);
    }
    free(dll);
    free(host);
}

static void timeline_read_run(struct timeline *timeline)
{
    struct json_value run;
    struct error err;
    struct buffer text;
    buffer_init(&text, RESULT_JSON_MAX);
    int status = result_read_file(&timeline->result, "result.json", &text, &err);
    if (!status && json_parse(&run, (const char *)text.data, text.len))
        timeline_add_run(timeline, &run);
    else if (status != ERR_NOT_FOUND)
        strlist_addf(&timeline->result.warnings, "result.json is left out: %s", status ? err.text : "it is no JSON");
    buffer_deinit(&text);
}

/* Takes what the recording says of itself. */
static void timeline_read_start(struct timeline *timeline)
{
    const struct recording *recording = &timeline->result.recording;
    const struct recording_entry *first = &recording->entries[0],
                                 *last = &recording->entries[recording->entry_count - 1];
    char stamp[TIMESTAMP_SIZE];
    struct slice boot = recording_fact(first->text, "boot"), agent = recording_fact(first->text, "agent");
    timestamp_text(stamp, first->wall_us / 1000);
    timeline_add_fact(timeline, "Recorded from", stamp);
    strlist_addf(&timeline->facts.rows, "Duration=%.3f s", (double)last->at_us / 1e6);
    if (boot.len)
        strlist_addf(&timeline->facts.rows, "Boot=%.*s", (int)boot.len, (const char *)boot.data);
    if (agent.len)
        strlist_addf(&timeline->facts.rows, "Recorder=%.*s", (int)agent.len, (const char *)agent.data);
    strlist_addf(&timeline->facts.rows, "Pictures=%zu", recording->picture_count);
}

int timeline_read(struct timeline *out, const char *folder, struct error *err)
{
    *out = (struct timeline){0};
    int status = result_read(&out->result, folder, err);
    if (status)
        return status;
    timeline_read_run(out);
    timeline_read_start(out);
    out->facts.title = out->title ? out->title : cli_file_name(folder);
    out->facts.verdict = out->verdict;
    return 0;
}

void timeline_deinit(struct timeline *timeline)
{
    result_free(&timeline->result);
    strlist_deinit(&timeline->facts.rows);
    free(timeline->title);
    free(timeline->verdict);
}

int timeline_make(const char *folder, struct error *err)
{
    struct timeline timeline;
    struct buffer page;
    char *path = timeline_path(folder, "timeline.html");
    if (!path)
        return error_set(err, ERR_NO_MEMORY, "no memory for the timeline");
    buffer_init(&page, PAGE_SIZE_MAX);
    int status = timeline_read(&timeline, folder, err);
    if (!status)
        status = page_write(&page, &timeline.result, &timeline.facts, NULL, &timeline.counts, err);
    if (!status)
        status = os_upload_whole(path, OS_UPLOAD_ORDINARY, page.data, page.len, err);
    timeline_deinit(&timeline);
    buffer_deinit(&page);
    free(path);
    return status;
}
