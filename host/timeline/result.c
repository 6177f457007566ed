/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/timeline/result.h"

#include "host/timeline/png_read.h"

#include "base/number.h"
#include "picture/png.h"
#include "platform/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMES_MAX (256u << 20) /* bytes of output.times */

/* ---- files ---- */

static char *result_path(const struct result *result, const char *name)
{
    size_t size = strlen(result->folder) + strlen(name) + 2;
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s/%s", result->folder, name);
    return path;
}

int result_read_file(const struct result *result, const char *name, struct buffer *out, struct error *err)
{
    char *path = result_path(result, name);
    int status = path ? os_file_read_whole(path, out, err) : error_set(err, ERR_NO_MEMORY, "no memory");
    if (status)
        status = error_prefix(err, status, "could not read '%s'", path ? path : name);
    free(path);
    return status;
}

int result_read_picture(const struct result *result, size_t picture, struct buffer *out, struct error *err)
{
    const struct recording_picture *p = &result->recording.pictures[picture];
    char name[RECORDING_NAME_SIZE + 16];
    struct png_size size;
    snprintf(name, sizeof name, "%s%.*s", result->pictures, (int)p->file.len, (const char *)p->file.data);
    int status = result_read_file(result, name, out, err);
    if (status)
        return status;
    status = png_read_size(&size, (struct slice){out->data, out->len}, err);
    if (!status && (size.width != p->w || size.height != p->h))
        status = error_set(err, ERR_INVALID, "the picture has %ux%u pixels, and %ux%u in the index", size.width,
                           size.height, p->w, p->h);
    return status ? error_prefix(err, status, "'%s/%s'", result->folder, name) : 0;
}

/* ---- pictures ---- */

static int result_decode(const struct result *result, size_t picture, uint8_t **pixels, struct error *err)
{
    struct buffer file;
    struct image_view image;
    buffer_init(&file, RESULT_PICTURE_MAX);
    int status = result_read_picture(result, picture, &file, err);
    if (!status)
        status = png_read(pixels, &image, (struct slice){file.data, file.len}, err);
    buffer_deinit(&file);
    return status;
}

int result_pixels(const struct result *result, size_t picture, uint8_t **pixels, struct error *err)
{
    const struct recording_picture *p = &result->recording.pictures[picture];
    uint8_t *part;
    if (p->base < 0)
        return result_decode(result, picture, pixels, err);
    int status = result_decode(result, picture, &part, err);
    if (status)
        return status;
    status = result_decode(result, (size_t)p->base, pixels, err);
    for (uint32_t y = 0; !status && y < p->h; y++)
        memcpy(*pixels + ((size_t)(p->y + y) * p->width + p->x) * 3, part + (size_t)y * p->w * 3, (size_t)p->w * 3);
    free(part);
    return status;
}

int result_whole_picture(const struct result *result, size_t picture, struct buffer *out, struct error *err)
{
    const struct recording_picture *p = &result->recording.pictures[picture];
    uint8_t *pixels;
    if (p->base < 0)
        return result_read_picture(result, picture, out, err);
    int status = result_pixels(result, picture, &pixels, err);
    if (status)
        return status;
    struct image_view image = {pixels, p->width, p->height, p->width * 3, PIXEL_RGB24};
    status = png_encode(out, &image, &(struct png_options){.level = PNG_SMALL}, err);
    free(pixels);
    return status;
}

int64_t result_shown(const struct result *result, int64_t at_us)
{
    int64_t shown = -1;
    for (size_t i = 0; i < result->recording.entry_count; i++) {
        const struct recording_entry *entry = &result->recording.entries[i];
        if (entry->at_us > at_us)
            break;
        if (entry->kind == RECORDING_PICTURE || entry->kind == RECORDING_SAME)
            shown = entry->picture;
        else if (entry->kind == RECORDING_FAIL)
            shown = -1;
    }
    return shown;
}

/* ---- the report ---- */

/* Cuts the report into lines, without their ends. */
static int result_cut_lines(struct result *result, struct error *err)
{
    const uint8_t *start = result->report.data, *end = start + result->report.len;
    size_t count = 0, room = 0;
    for (const uint8_t *at = start; at < end && count < RESULT_LINES_MAX; count++) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((newline ? newline : end) - at);
        if (count == room) {
            room = room ? room * 2 : 256;
            struct result_line *more = realloc(result->lines, room * sizeof *more);
            if (!more)
                return error_set(err, ERR_NO_MEMORY, "no memory for the lines of the report");
            result->lines = more;
        }
        bool cr = newline && len > 0 && at[len - 1] == '\r';
        result->lines[count] = (struct result_line){.offset = (size_t)(at - start), .len = len - cr};
        at = newline ? newline + 1 : end;
        result->report_cut |= count + 1 == RESULT_LINES_MAX && at < end;
    }
    result->line_count = count;
    return 0;
}

/* Returns the index of the line that holds the byte; line_count behind the last. */
static size_t result_line_at(const struct result *result, size_t offset)
{
    size_t low = 0, high = result->line_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (result->lines[middle].offset <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? low - 1 : result->line_count;
}

static char result_mark_of(enum periscope_unit_line_kind kind)
{
    switch (kind) {
    case PERISCOPE_LINE_FAILURE:
    case PERISCOPE_LINE_CRASH:
        return RESULT_FAILURE;
    case PERISCOPE_LINE_TODO:
    case PERISCOPE_LINE_FLAKY:
        return RESULT_TODO;
    case PERISCOPE_LINE_SKIPPED:
        return RESULT_SKIPPED;
    case PERISCOPE_LINE_SUMMARY:
        return RESULT_SUMMARY;
    }
    return RESULT_PLAIN;
}

static void result_mark_failure(struct result *result, size_t line)
{
    if (line == result->line_count || result->lines[line].mark == RESULT_FAILURE)
        return;
    result->lines[line].mark = RESULT_FAILURE;
    result->failure_count++;
}

/* Notes why the unit is bad. Without memory the line tells enough. */
static void result_add_note(struct result *result, size_t line, const struct periscope_unit *unit)
{
    const char *why = unit->problems.count ? unit->problems.items[0] : periscope_unit_verdict_name(unit->verdict);
    struct result_note *notes = realloc(result->notes, (result->note_count + 1) * sizeof *notes);
    if (!notes)
        return;
    result->notes = notes;
    size_t size = strlen(unit->dll) + strlen(unit->unit) + strlen(why) + 4;
    char *text = malloc(size);
    if (!text)
        return;
    snprintf(text, size, "%s:%s: %s", unit->dll, unit->unit, why);
    notes[result->note_count].line = line;
    notes[result->note_count++].text = text;
}

const char *result_note_of(const struct result *result, size_t line)
{
    for (size_t i = 0; i < result->note_count; i++)
        if (result->notes[i].line == line)
            return result->notes[i].text;
    return NULL;
}

static void result_mark_messages(struct result *result, const struct periscope_unit *unit)
{
    for (size_t i = 0; i < unit->line_count; i++) {
        size_t line = result_line_at(result, unit->lines[i].offset);
        char mark = result_mark_of(unit->lines[i].kind);
        if (mark == RESULT_FAILURE)
            result_mark_failure(result, line);
        else if (line < result->line_count && result->lines[line].mark != RESULT_FAILURE)
            result->lines[line].mark = mark;
    }
}

/* Marks the lines of a unit, and those before and behind it, which tell of its start and its end. Its end is a failure if
   nothing else tells of one, and after a time-out: then the screen shows what it waited for. */
static void result_mark_unit(struct result *result, const struct periscope_unit *unit)
{
    size_t before = result->failure_count, end = unit->offset + unit->len;
    size_t done = end > 0 ? result_line_at(result, end - 1) : result->line_count;
    result_mark_messages(result, unit);
    if (unit->offset > 0 && done < result->line_count) {
        result->lines[result_line_at(result, unit->offset - 1)].mark = RESULT_FRAME;
        if (result->lines[done].mark == RESULT_PLAIN)
            result->lines[done].mark = RESULT_FRAME;
    }
    bool bad = unit->verdict > PERISCOPE_UNIT_SKIPPED, told = before < result->failure_count;
    if (bad && done < result->line_count && (!told || unit->verdict == PERISCOPE_UNIT_TIMED_OUT)) {
        result_mark_failure(result, done);
        result_add_note(result, done, unit);
    }
}

static int result_mark_lines(struct result *result, struct error *err)
{
    struct periscope_winetest parsed;
    if (periscope_winetest_parse(result->report.data, result->report.len, &parsed))
        return error_set(err, ERR_NO_MEMORY, "no memory for the report");
    for (size_t i = 0; i < parsed.count; i++)
        result_mark_unit(result, &parsed.units[i]);
    periscope_winetest_free(&parsed);
    return 0;
}

/* Reads "OFFSET MONO_US WALL_US\n" at *p. Returns false at the first line that is something else. */
static bool result_next_time(const char **p, uint64_t *offset, int64_t *mono_us, int64_t *wall_us)
{
    uint64_t mono, wall;
    const char *at = *p;
    if (!number_take(&at, SIZE_MAX / 2, offset) || *at++ != ' ' || !number_take(&at, INT64_MAX / 4, &mono) ||
        *at++ != ' ' || !number_take(&at, INT64_MAX / 4, &wall) || *at++ != '\n')
        return false;
    *mono_us = (int64_t)mono;
    *wall_us = (int64_t)wall;
    *p = at;
    return true;
}

/* Gives each line the time at which its end had come. */
static void result_time_lines(struct result *result, const char *times)
{
    uint64_t offset;
    int64_t mono_us, wall_us, last_us = 0;
    size_t line = 0;
    while (line < result->line_count && result_next_time(&times, &offset, &mono_us, &wall_us)) {
        int64_t at_us = recording_when(&result->recording, mono_us, wall_us);
        last_us = at_us > last_us ? at_us : last_us;
        for (; line < result->line_count && result->lines[line].offset + result->lines[line].len <= offset; line++)
            result->lines[line].at_us = last_us;
        result->timed = true;
    }
    for (; line < result->line_count; line++)
        result->lines[line].at_us = last_us;
}

static int result_read_times(struct result *result, struct error *err)
{
    struct buffer times;
    buffer_init(&times, TIMES_MAX);
    int status = result_read_file(result, "output.times", &times, err);
    if (!status && buffer_append(&times, "", 1))
        result_time_lines(result, (const char *)times.data);
    else if (status == ERR_NOT_FOUND)
        status = 0;
    buffer_deinit(&times);
    return status;
}

static int result_read_report(struct result *result, struct error *err)
{
    int status = result_read_file(result, "report.txt", &result->report, err);
    if (status == ERR_NOT_FOUND)
        return 0;
    if (status == ERR_LIMIT) { /* what is read is whole */
        result->report_cut = true;
        result->report.failed = false;
        status = 0;
    }
    if (!status)
        status = result_cut_lines(result, err);
    if (!status && result->line_count)
        status = result_mark_lines(result, err);
    return status ? status : result_read_times(result, err);
}

/* ---- the folder ---- */

/* Reads the index, of a recording below a result's folder or of a folder that is a recording. */
static int result_read_index(struct result *result, struct error *err)
{
    result->pictures = "recording/";
    int status = result_read_file(result, "recording/index.txt", &result->index, err);
    if (status == ERR_NOT_FOUND) {
        result->pictures = "";
        status = result_read_file(result, "index.txt", &result->index, err);
    }
    if (status == ERR_NOT_FOUND)
        return error_set(err, status, "there is no recording in '%s': neither recording/index.txt nor index.txt",
                         result->folder);
    if (status)
        return status;
    status = recording_read(&result->recording, (struct slice){result->index.data, result->index.len}, err);
    return status ? error_prefix(err, status, "'%s/%sindex.txt'", result->folder, result->pictures) : 0;
}

int result_read(struct result *out, const char *folder, struct error *err)
{
    *out = (struct result){.folder = folder};
    buffer_init(&out->index, RECORDING_INDEX_MAX);
    buffer_init(&out->report, RESULT_REPORT_MAX);
    int status = result_read_index(out, err);
    if (!status)
        status = result_read_report(out, err);
    if (!status && out->recording.cut)
        strlist_addf(&out->warnings, "the index is cut: %zu bytes at its end are no whole lines", out->recording.cut);
    if (!status && out->report_cut)
        strlist_add(&out->warnings, "the report is longer than what is shown of it");
    if (status)
        result_free(out);
    return status;
}

void result_free(struct result *result)
{
    recording_free(&result->recording);
    buffer_deinit(&result->index);
    buffer_deinit(&result->report);
    strlist_deinit(&result->warnings);
    for (size_t i = 0; i < result->note_count; i++)
        free(result->notes[i].text);
    free(result->notes);
    free(result->lines);
    *result = (struct result){0};
}
