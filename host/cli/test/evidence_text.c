/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/test/evidence_text.h"

#include "base/buffer.h"
#include "base/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 9
#define SHOWN_MAX 200 /* bytes of a title or name in the summary */
#define SAYS_MAX 1000 /* bytes of a dialog's text in the result; the file has all */
#define SUMMARY_MAX 4096

/* A line split into fields, of which field 0 is its kind. */
struct line {
    struct slice fields[FIELDS_MAX];
    size_t count;
};

/* Fields of "process". */
enum { PROCESS_PID = 1, PROCESS_PARENT, PROCESS_NAME, PROCESS_STATE };
/* Fields of "window" and "other-window"; those from WINDOW_HUNG on are of Windows alone. */
enum {
    WINDOW_NAME = 1,
    WINDOW_TITLE,
    WINDOW_CLASS,
    WINDOW_PID,
    WINDOW_GEOMETRY,
    WINDOW_VISIBLE,
    WINDOW_HUNG,
    WINDOW_TEXT
};

static struct slice evidence_take_field(const char **at, const char *end)
{
    const char *tab = memchr(*at, '\t', (size_t)(end - *at));
    struct slice field = {(const uint8_t *)*at, (size_t)((tab ? tab : end) - *at)};
    *at = tab ? tab + 1 : NULL;
    return field;
}

/* Splits the next line. Returns false at the end of the text. */
static bool evidence_next_line(const char **text, struct line *line)
{
    if (!**text)
        return false;
    const char *end = *text + strcspn(*text, "\n"), *at = *text;
    memset(line, 0, sizeof *line);
    while (at && line->count < FIELDS_MAX)
        line->fields[line->count++] = evidence_take_field(&at, end);
    *text = *end ? end + 1 : end;
    return true;
}

static bool field_is(struct slice field, const char *text)
{
    return field.len == strlen(text) && (field.len == 0 || memcmp(field.data, text, field.len) == 0);
}

static bool field_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool field_is_among(struct slice name, const char *const *names)
{
    for (; *names; names++) {
        size_t i = 0;
        while (i < name.len && (*names)[i] && (name.data[i] | 0x20) == ((*names)[i] | 0x20))
            i++;
        if (i == name.len && !(*names)[i])
            return true;
    }
    return false;
}

/* Returns whether it is a program that shows a dialog about the process that started it. */
static bool field_is_crash_reporter(struct slice name)
{
    static const char *const names[] = {"winedbg.exe", "werfault.exe",      "drwtsn32.exe",
                                        "dwwin.exe",   "vsjitdebugger.exe", NULL};
    return field_is_among(name, names);
}

/* ---- processes ---- */

size_t evidence_processes(const char *text, uint64_t *pids, size_t max)
{
    struct line line;
    size_t count = 0;
    while (count < max && evidence_next_line(&text, &line)) {
        uint64_t pid;
        const char *number = (const char *)line.fields[PROCESS_PID].data;
        if (field_is(line.fields[0], "process") && line.count > PROCESS_NAME &&
            !field_is_crash_reporter(line.fields[PROCESS_NAME]) && number_take(&number, UINT32_MAX, &pid))
            pids[count++] = pid;
    }
    return count;
}

void evidence_list_processes(const char *text, struct strlist *out)
{
    struct line line;
    while (evidence_next_line(&text, &line))
        if (field_is(line.fields[0], "process") && line.count > PROCESS_NAME)
            strlist_addf(out, "%.*s %.*s", (int)line.fields[PROCESS_PID].len,
                         (const char *)line.fields[PROCESS_PID].data, (int)line.fields[PROCESS_NAME].len,
                         (const char *)line.fields[PROCESS_NAME].data);
}

bool evidence_unseen(const char *text, char *why, size_t size)
{
    struct line line;
    while (evidence_next_line(&text, &line)) {
        if (!field_is(line.fields[0], "no-processes") || line.count < 2)
            continue;
        snprintf(why, size, "%.*s", (int)line.fields[1].len, (const char *)line.fields[1].data);
        return true;
    }
    return false;
}

/* ---- what the program waits for ---- */

static bool evidence_find_process(const char *text, struct slice pid, struct line *out)
{
    while (evidence_next_line(&text, out))
        if (field_is(out->fields[0], "process") && field_equal(out->fields[PROCESS_PID], pid))
            return true;
    return false;
}

/* Returns the name of the window's program; of a dialog about a crash, that of the program that crashed. */
static struct slice window_owner(const char *text, const struct line *window)
{
    struct line reporter, crashed;
    if (field_is_crash_reporter(window->fields[WINDOW_NAME]) &&
        evidence_find_process(text, window->fields[WINDOW_PID], &reporter) &&
        evidence_find_process(text, reporter.fields[PROCESS_PARENT], &crashed))
        return crashed.fields[PROCESS_NAME];
    return window->fields[WINDOW_NAME];
}

/* From least to most informative. */
enum rank { RANK_NONE, RANK_WINDOW, RANK_OTHER_DIALOG, RANK_HUNG, RANK_DIALOG };

static enum rank window_rank(const struct line *line)
{
    bool own = field_is(line->fields[0], "window"), other = field_is(line->fields[0], "other-window");
    if ((!own && !other) || !field_is(line->fields[WINDOW_VISIBLE], "1"))
        return RANK_NONE;
    if (field_is(line->fields[WINDOW_CLASS], "#32770"))
        return own ? RANK_DIALOG : RANK_OTHER_DIALOG;
    if (!own)
        return RANK_NONE;
    return field_is(line->fields[WINDOW_HUNG], "1") ? RANK_HUNG : RANK_WINDOW;
}

/* Finds the topmost window of the highest rank: windows are listed bottom to top. */
static enum rank evidence_find_window(const char *text, struct line *found)
{
    enum rank best = RANK_NONE;
    struct line line;
    while (evidence_next_line(&text, &line)) {
        enum rank rank = window_rank(&line);
        if (rank != RANK_NONE && rank >= best) {
            best = rank;
            *found = line;
        }
    }
    return best;
}

static bool evidence_find_line(const char *text, const char *kind, struct line *out)
{
    while (evidence_next_line(&text, out))
        if (field_is(out->fields[0], kind))
            return true;
    return false;
}

static void summary_append(struct buffer *out, struct slice field)
{
    buffer_append(out, field.data, field.len < SHOWN_MAX ? field.len : SHOWN_MAX);
    if (field.len > SHOWN_MAX)
        buffer_printf(out, "...");
}

static void summary_append_window(struct buffer *out, const char *text, enum rank rank, const struct line *window)
{
    buffer_printf(out, rank == RANK_DIALOG || rank == RANK_OTHER_DIALOG ? "dialog '" : "window '");
    summary_append(out, window->fields[WINDOW_TITLE]);
    buffer_printf(out, rank == RANK_DIALOG || rank == RANK_OTHER_DIALOG ? "' from " : "' of ");
    summary_append(out, window_owner(text, window));
    if (rank == RANK_HUNG)
        buffer_printf(out, " does not respond");
    else if (rank == RANK_OTHER_DIALOG)
        buffer_printf(out, ", which is not the test's");
    else if (rank == RANK_WINDOW)
        buffer_printf(out, " is open");
}

static void summary_append_without_process(struct buffer *out, const char *text)
{
    struct line line;
    if (evidence_find_line(text, "no-processes", &line)) {
        buffer_printf(out, "its processes are unknown: ");
        summary_append(out, line.fields[1]);
    } else {
        buffer_printf(out, "none of its processes is left");
    }
}

static void summary_append_without_window(struct buffer *out, const char *text)
{
    struct line line;
    if (!evidence_find_line(text, "process", &line)) {
        summary_append_without_process(out, text);
        return;
    }
    summary_append(out, line.fields[PROCESS_NAME]);
    buffer_printf(out, " (");
    summary_append(out, line.fields[PROCESS_STATE]);
    buffer_printf(out, ")");
    if (evidence_find_line(text, "no-windows", &line)) {
        buffer_printf(out, "; its windows are unknown: ");
        summary_append(out, line.fields[1]);
    } else {
        buffer_printf(out, " has no window");
    }
}

/* Joins a dialog's lines: the escapes for line ends in the file become " / ". */
static char *evidence_join_lines(struct slice field)
{
    struct buffer out;
    buffer_init(&out, 4 * SAYS_MAX);
    for (size_t i = 0; i < field.len && out.len < SAYS_MAX; i++) {
        bool escape = field.data[i] == '\\' && i + 1 < field.len;
        if (escape && (field.data[i + 1] == 'n' || field.data[i + 1] == 'r' || field.data[i + 1] == 't')) {
            bool begins = out.len == 0 || out.data[out.len - 1] == ' '; /* \r\n is one line end */
            buffer_printf(&out, "%s", begins ? "" : field.data[i + 1] == 't' ? " " : " / ");
            i++;
        } else {
            buffer_append(&out, &field.data[i], 1);
        }
    }
    buffer_printf(&out, "%s", out.len >= SAYS_MAX ? "..." : "");
    buffer_append(&out, "", 1);
    return (char *)out.data;
}

bool evidence_read(const char *text, struct evidence *out)
{
    struct line window;
    struct buffer summary;
    *out = (struct evidence){0};
    buffer_init(&summary, SUMMARY_MAX);
    enum rank rank = evidence_find_window(text, &window);
    if (rank == RANK_NONE)
        summary_append_without_window(&summary, text);
    else
        summary_append_window(&summary, text, rank, &window);
    buffer_append(&summary, "", 1);
    if (summary.failed) {
        buffer_deinit(&summary);
        return false;
    }
    out->summary = (char *)summary.data;
    out->has_window = rank != RANK_NONE;
    if (rank != RANK_NONE && window.fields[WINDOW_TEXT].len > 0)
        out->says = evidence_join_lines(window.fields[WINDOW_TEXT]);
    return true;
}

void evidence_deinit(struct evidence *evidence)
{
    free(evidence->summary);
    free(evidence->says);
    *evidence = (struct evidence){0};
}
