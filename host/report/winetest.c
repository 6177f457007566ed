/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a whole report: first its frames are found, then each unit's part is read like the output of one unit. */
#include "host/result.h"
#include "host/report/winetest_scan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- frames ---- */

struct frame {
    struct slice dll, unit;
    size_t start, end; /* the bytes after its start line, up to the next frame */
    size_t before;     /* bytes of the same unit in frames before */
    size_t
        size; /* of all of them, and of the line that starts the next frame: the TestBot counts it to the one before */
    struct line_frame done;
    size_t done_end; /* the byte behind its line */
    bool ended, no_start;
    bool skipped, speaks; /* told to be skipped; has a message or a summary all the same */
};

struct frames {
    struct frame *items; /* owned */
    size_t count;
    bool full, failed;
};

static void frame_close(struct frame *frame, size_t end, size_t counted)
{
    frame->end = end;
    frame->size = frame->before + counted - frame->start;
}

static struct frame *frames_add(struct frames *frames, struct slice dll, struct slice unit, size_t line, size_t start)
{
    if (frames->count > 0)
        frame_close(&frames->items[frames->count - 1], line, start);
    if (frames->count == PERISCOPE_WINETEST_MAX_UNITS) {
        frames->full = true;
        return NULL;
    }
    if ((frames->count & (frames->count - 1)) == 0) {
        size_t capacity = frames->count ? frames->count * 2 : 1;
        struct frame *items = realloc(frames->items, capacity * sizeof *items);
        if (!items) {
            frames->failed = true;
            return NULL;
        }
        frames->items = items;
    }
    struct frame *frame = &frames->items[frames->count++];
    *frame = (struct frame){.dll = dll, .unit = unit, .start = start};
    return frame;
}

/* Adds a frame of the unit of the last one, from byte start on. before: bytes of the unit up to there. */
static struct frame *frames_add_again(struct frames *frames, size_t before, size_t start)
{
    const struct frame *last = &frames->items[frames->count - 1];
    struct frame *frame = frames_add(frames, last->dll, last->unit, start, start);
    if (frame)
        frame->before = before;
    return frame;
}

/* Takes a done line from byte start up to byte end. whole: it has nothing in front, which may be other text and starts no
   frame. A second done line of a unit is judged by itself, with what was printed since the first. */
static void frames_take_done(struct frames *frames, const struct line_frame *done, size_t start, size_t end, bool whole)
{
    struct frame *last = frames->count ? &frames->items[frames->count - 1] : NULL;
    if (!last || !slice_equal(last->dll, done->dll) || !slice_equal(last->unit, done->unit)) {
        last = whole ? frames_add(frames, done->dll, done->unit, start, start) : NULL;
        if (last)
            last->no_start = true;
    } else if (last->ended) {
        last = frames_add_again(frames, last->before + last->done_end - last->start, last->done_end);
    }
    if (!last)
        return;
    last->done = *done;
    last->done_end = end;
    last->ended = true;
}

/* Returns whether a line is a message or a summary. As the TestBot reads a line only once, a done line that is glued to
   one is none. */
static bool frames_is_other(const struct frames *frames, struct slice line)
{
    struct slice unit = frames->count ? frames->items[frames->count - 1].unit : (struct slice){0};
    struct line_message message;
    struct line_summary summary;
    line_message(line, unit, &message);
    return message.kind != LINE_PLAIN || line_summary(line, unit, &summary) > 0;
}

/* Takes a line from byte start up to byte end. */
static void frames_take(struct frames *frames, struct slice line, size_t start, size_t end)
{
    struct line_frame frame;
    struct frame *last = frames->count ? &frames->items[frames->count - 1] : NULL;
    if (line_start(line, &frame)) {
        struct frame *added = frames_add(frames, frame.dll, frame.unit, start, end);
        if (added)
            added->skipped = frame.skipped;
        return;
    }
    bool done = line_done(line, last ? last->dll : (struct slice){0}, &frame);
    bool skipped = last && last->skipped;
    if ((done || skipped) && frames_is_other(frames, line)) {
        if (skipped)
            last->speaks = true;
    } else if (done) {
        frames_take_done(frames, &frame, start, end, frame.dll.data == line.data);
    }
}

static void frames_find(struct frames *frames, struct slice report)
{
    struct slice line;
    for (size_t at = 0, start = 0; !frames->full && !frames->failed && line_next(report, &at, &line); start = at)
        frames_take(frames, line, start, at);
    if (frames->count > 0 && !frames->full)
        frame_close(&frames->items[frames->count - 1], report.len, report.len);
}

/* ---- units ---- */

static int frames_parse_one(struct slice report, const struct frame *frame, bool last, struct periscope_unit *out)
{
    static const int64_t timed_out = 258; /* Windows' WAIT_TIMEOUT, as TestLauncher and winetest.exe print it */
    int status = PERISCOPE_LOCAL;
    char *dll = winetest_name(frame->dll), *unit = winetest_name(frame->unit);
    struct periscope_unit_run run = {.dll = dll, .unit = unit, .pid = frame->done.pid, .status = frame->done.status};
    size_t end = frame->ended ? frame->done_end - frame->start : SIZE_MAX;
    if (frame->ended)
        run.end = run.status == timed_out ? PERISCOPE_END_TIMED_OUT : PERISCOPE_END_EXITED;
    if (frame->skipped && frame->speaks && !frame->ended) {
        run.end = PERISCOPE_END_EXITED;
    } else if (frame->skipped && !frame->ended) {
        run.end = PERISCOPE_END_SKIPPED;
        run.reason = "winetest.exe was told to skip it";
    } else if (frame->no_start) {
        run.reason = "no start line, or it is garbled";
    } else if (!frame->ended) {
        run.reason = last ? "no done line: the report was cut short" : "no done line, or it is garbled";
    }
    if (dll && unit)
        status = winetest_unit_parse((struct slice){report.data + frame->start, frame->end - frame->start}, frame->size,
                                     end, &run, out);
    free(dll);
    free(unit);
    if (status)
        return status;
    out->offset = frame->start;
    for (size_t i = 0; i < out->line_count; i++)
        out->lines[i].offset += frame->start;
    out->seconds = frame->ended ? frame->done.seconds : -1;
    return PERISCOPE_OK;
}

static int frames_parse(struct slice report, const struct frames *frames, struct periscope_winetest *out)
{
    out->units = calloc(frames->count, sizeof *out->units);
    if (!out->units)
        return PERISCOPE_LOCAL;
    for (size_t i = 0; i < frames->count; i++) {
        int status = frames_parse_one(report, &frames->items[i], i + 1 == frames->count, &out->units[i]);
        if (status)
            return status;
        out->count++;
    }
    return PERISCOPE_OK;
}

static int winetest_parse_unframed(struct slice report, struct periscope_winetest *out)
{
    struct periscope_unit_run run = {.end = PERISCOPE_END_UNKNOWN};
    out->units = calloc(1, sizeof *out->units);
    if (!out->units)
        return PERISCOPE_LOCAL;
    int status = periscope_unit_parse(report.data, report.len, &run, out->units);
    out->count = status == PERISCOPE_OK;
    return status;
}

int periscope_winetest_parse(const void *bytes, size_t len, struct periscope_winetest *out)
{
    struct slice report = {bytes, len};
    struct frames frames = {0};
    struct strlist problems = {0};
    *out = (struct periscope_winetest){0};
    frames_find(&frames, report);
    int status = frames.failed  ? PERISCOPE_LOCAL
                 : frames.count ? frames_parse(report, &frames, out)
                                : winetest_parse_unframed(report, out);
    if (frames.full &&
        !strlist_addf(&problems, "there are more than %d units; the others are omitted", PERISCOPE_WINETEST_MAX_UNITS))
        status = PERISCOPE_LOCAL;
    strings_take(&out->problems, &problems);
    free(frames.items);
    if (status)
        periscope_winetest_free(out);
    return status;
}

void periscope_winetest_free(struct periscope_winetest *winetest)
{
    if (!winetest)
        return;
    for (size_t i = 0; i < winetest->count; i++)
        periscope_unit_free(&winetest->units[i]);
    free(winetest->units);
    periscope_strings_free(&winetest->problems);
    *winetest = (struct periscope_winetest){0};
}

/* ---- the list of units ---- */

static struct slice list_trim(struct slice s)
{
    while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t')) {
        s.data++;
        s.len--;
    }
    while (s.len > 0 && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
        s.len--;
    return s;
}

static bool list_has(const struct strlist *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], name) == 0)
            return true;
    return false;
}

/* Returns whether a name has the form of a unit's name, that of a C identifier: no other line is taken for one. */
static bool list_is_unit_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && !(c >= '0' && c <= '9') && !(i > 0 && (c == '-' || c == '.')))
            return false;
    }
    return name.len > 0 && name.len <= PERISCOPE_WINETEST_MAX_NAME;
}

int periscope_winetest_list(const void *output, size_t len, struct periscope_strings *units)
{
    struct slice line, text = {output, len};
    struct strlist list = {0};
    bool begun = false;
    *units = (struct periscope_strings){0};
    for (size_t at = 0; line_next(text, &at, &line);) {
        if (!begun || line.len == 0 || line.data[0] != ' ') { /* names are indented; other output is not */
            begun = begun || slice_is(line, "Valid test names:");
            continue;
        }
        char *name = list_is_unit_name(list_trim(line)) ? winetest_name(list_trim(line)) : NULL;
        if (name && !list_has(&list, name) && list.count < PERISCOPE_WINETEST_MAX_LISTED)
            strlist_add(&list, name);
        free(name);
    }
    if (list.failed || list.count == 0) {
        int status = list.failed ? PERISCOPE_LOCAL : PERISCOPE_INVALID;
        strlist_deinit(&list);
        return status;
    }
    strings_take(units, &list);
    return PERISCOPE_OK;
}
