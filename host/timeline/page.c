/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/timeline/page.h"

#include "base/timestamp.h"
#include "host/embedded.h"
#include "host/timeline/gaps.h"
#include "host/timeline/html.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct embedded timeline_page[];

enum picture_state { PICTURE_THERE, PICTURE_DROPPED, PICTURE_MISSING };

struct page {
    struct buffer *out;
    struct result *result;
    const struct page_facts *facts;
    const struct page_files *files; /* NULL: all in one */
    struct page_counts *counts;
    uint8_t *states;       /* owned: an enum picture_state for each picture */
    struct buffer moments; /* what the script is told of them, as JSON's numbers */
    struct buffer events, line_times, marks;
    size_t line;         /* the next one to write */
    size_t section_line; /* the first line of the open list of lines */
    bool in_lines, in_section;
    struct error *err;
    int status;
};

static void page_puts(struct page *page, const char *text)
{
    buffer_append(page->out, text, strlen(text));
}

static void page_text(struct page *page, struct slice text)
{
    html_text(page->out, text.data, text.len);
}

static void page_string(struct page *page, const char *text)
{
    html_text(page->out, text, strlen(text));
}

static const struct embedded *page_part(const char *name)
{
    const struct embedded *part = timeline_page;
    while (part->name && strcmp(part->name, name) != 0)
        part++;
    return part;
}

/* ---- pictures ---- */

static void page_file_name(char name[64], const struct recording_picture *picture)
{
    snprintf(name, 64, "pictures/%.*s", (int)picture->file.len, (const char *)picture->file.data);
}

/* Reads a picture's file. One that can't be shown is told, and is none of the page's failures. */
static bool page_read_picture(struct page *page, size_t index, struct buffer *file)
{
    struct error err;
    buffer_init(file, RESULT_PICTURE_MAX);
    if (result_read_picture(page->result, index, file, &err) == 0)
        return true;
    buffer_deinit(file);
    bool dropped = page->result->recording.pictures[index].dropped;
    page->states[index] = dropped ? PICTURE_DROPPED : PICTURE_MISSING;
    page->counts->missing += !dropped;
    if (!dropped && page->counts->missing <= 10)
        strlist_add(&page->result->warnings, err.text);
    return false;
}

static void page_data_address(struct page *page, struct slice file)
{
    page_puts(page, "data:image/png;base64,");
    html_base64(page->out, file.data, file.len);
}

static void page_write_file(struct page *page, const char *name, const void *bytes, size_t len)
{
    if (!page->status)
        page->status = page->files->write(page->files->context, name, bytes, len, page->err);
}

/* Writes the one image element that has the picture's own file. */
static void page_own_image(struct page *page, size_t index, struct slice file)
{
    const struct recording_picture *p = &page->result->recording.pictures[index];
    buffer_printf(page->out, "<image id=\"i%zu\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" href=\"", index, p->x,
                  p->y, p->w, p->h);
    if (page->files) {
        char name[64];
        page_file_name(name, p);
        page_write_file(page, name, file.data, file.len);
        page_puts(page, name);
    } else {
        page_data_address(page, file);
    }
    page_puts(page, "\"/>");
}

/* Writes what the screen shows, for readers without scripts. A picture's file is there once: what shows it again refers to
   the element that has it. With scripts the element is text, from which the script takes the picture when it shows it. */
static void page_shown(struct page *page, size_t index, bool first)
{
    const struct recording_picture *p = &page->result->recording.pictures[index];
    struct buffer file;
    bool own = first && page_read_picture(page, index, &file);
    if (page->states[index] != PICTURE_THERE || (p->base >= 0 && page->states[p->base] != PICTURE_THERE)) {
        page_puts(page, page->states[index] == PICTURE_DROPPED ? "<p class=\"none\">This picture was dropped.</p>\n"
                                                               : "<p class=\"none\">This picture is missing.</p>\n");
    }
    if (page->states[index] != PICTURE_THERE)
        return;
    buffer_printf(page->out, "<noscript%s><svg viewBox=\"0 0 %u %u\" role=\"img\" aria-label=\"Picture %" PRIu64 "\">",
                  own ? " class=\"p\"" : "", p->width, p->height, p->number);
    if (p->base >= 0)
        buffer_printf(page->out, "<use href=\"#i%" PRId64 "\"/>", p->base);
    if (own) {
        page_own_image(page, index, (struct slice){file.data, file.len});
        buffer_deinit(&file);
    } else {
        buffer_printf(page->out, "<use href=\"#i%zu\"/>", index);
    }
    page_puts(page, "</svg></noscript>\n");
}

/* ---- lines ---- */

static void page_end_lines(struct page *page)
{
    if (page->in_lines)
        page_puts(page, "</pre>\n");
    page->in_lines = false;
}

static void page_line(struct page *page, size_t index)
{
    const struct result_line *line = &page->result->lines[index];
    struct slice text = {page->result->report.data + line->offset, line->len};
    if (!page->in_lines)
        page_puts(page, "<pre>\n");
    page->in_lines = true;
    if (line->mark) {
        buffer_printf(page->out, "<b class=\"%c\" id=\"l=%zu\">", line->mark, index + 1);
        page_text(page, text);
        page_puts(page, "</b>\n");
        buffer_printf(&page->marks, "%s[%zu,\"%c\"]", page->marks.len ? "," : "", index, line->mark);
    } else {
        page_text(page, text);
        page_puts(page, "\n");
    }
}

static void page_note_times(struct page *page, size_t count, int64_t at_us)
{
    if (count)
        buffer_printf(&page->line_times, "%s[%zu,%" PRId64 "]", page->line_times.len ? "," : "", count, at_us);
}

/* Writes the lines that came before a time. */
static void page_lines_until(struct page *page, int64_t before_us)
{
    const struct result *result = page->result;
    size_t same = 0;
    int64_t at_us = 0;
    while (page->line < result->line_count && result->lines[page->line].at_us < before_us) {
        if (result->lines[page->line].at_us != at_us) {
            page_note_times(page, same, at_us);
            same = 0;
        }
        at_us = result->lines[page->line].at_us;
        same++;
        page_line(page, page->line++);
    }
    page_note_times(page, same, at_us);
}

/* ---- moments ---- */

static void page_seconds(struct buffer *out, int64_t us)
{
    buffer_printf(out, "%" PRId64 ".%06d", us / 1000000, (int)(us % 1000000));
}

static void page_end_section(struct page *page)
{
    page_end_lines(page);
    if (page->in_section)
        page_puts(page, "</section>\n");
    page->in_section = false;
}

/* Begins the section of a moment, which its address names. */
static void page_begin_section(struct page *page, const struct recording_entry *entry)
{
    char stamp[TIMESTAMP_SIZE];
    timestamp_text(stamp, entry->wall_us / 1000);
    page_end_section(page);
    page_puts(page, "<section id=\"t=");
    page_seconds(page->out, entry->at_us);
    page_puts(page, "\"><h3>+");
    page_seconds(page->out, entry->at_us);
    buffer_printf(page->out, " s <time>%s</time></h3>\n", stamp);
    page->in_section = true;
    buffer_printf(&page->moments, "%s[%" PRId64 ",%" PRId64 ",%" PRId64 "]", page->moments.len ? "," : "", entry->at_us,
                  entry->wall_us, entry->kind == RECORDING_FAIL ? -1 : (int64_t)entry->picture);
    page->counts->moments++;
}

static const char *page_event_name(enum recording_kind kind)
{
    static const char *const names[] = {[RECORDING_START] = "start",
                                        [RECORDING_EVENT] = "event",
                                        [RECORDING_INPUT] = "input",
                                        [RECORDING_FAIL] = "fail",
                                        [RECORDING_STOP] = "stop"};
    return names[kind];
}

static void page_event(struct page *page, const struct recording_entry *entry)
{
    const char *name = page_event_name(entry->kind);
    struct slice text = entry->text;
    if (entry->kind == RECORDING_EVENT) { /* its number is of no use here */
        const uint8_t *blank = memchr(text.data, ' ', text.len);
        size_t skip = blank ? (size_t)(blank - text.data) + 1 : 0;
        text = (struct slice){text.data + skip, text.len - skip};
    }
    page_end_lines(page);
    buffer_printf(page->out, "<p class=\"e %s\" data-kind=\"%s\">", name, name);
    page_text(page, text);
    page_puts(page, "</p>\n");
    buffer_printf(&page->events, "%s[%" PRId64 ",%" PRId64 "]", page->events.len ? "," : "", entry->at_us,
                  entry->wall_us);
}

static void page_entry(struct page *page, const struct recording_entry *entry, uint8_t *seen)
{
    switch (entry->kind) {
    case RECORDING_PICTURE:
    case RECORDING_SAME:
        page_begin_section(page, entry);
        page_shown(page, entry->picture, !seen[entry->picture]);
        seen[entry->picture] = 1;
        return;
    case RECORDING_FAIL:
        page_begin_section(page, entry);
        page_event(page, entry);
        return;
    case RECORDING_START:
    case RECORDING_EVENT:
    case RECORDING_INPUT:
    case RECORDING_STOP:
        page_event(page, entry);
        return;
    case RECORDING_DROPPED:
    case RECORDING_OTHER:
        return;
    }
}

static void page_write_moments(struct page *page)
{
    const struct recording *recording = &page->result->recording;
    uint8_t *seen = calloc(recording->picture_count + 1, 1);
    if (!seen) {
        page->status = error_set(page->err, ERR_NO_MEMORY, "no memory for the page");
        return;
    }
    page_puts(page, "<main id=\"plain\"><h2>What the screen showed, and what was printed</h2>\n<section>\n");
    page->in_section = true;
    for (size_t i = 0; i < recording->entry_count && !page->status && !page->out->failed; i++) {
        if (page->result->timed)
            page_lines_until(page, recording->entries[i].at_us);
        page_entry(page, &recording->entries[i], seen);
    }
    if (!page->result->timed && page->result->line_count)
        page_puts(page, "</section><section><h3>The report; when its lines came is not known</h3>\n");
    page_lines_until(page, INT64_MAX);
    page_end_section(page);
    page_puts(page, "</main>\n");
    free(seen);
}

/* ---- the script's numbers ---- */

static void page_write_list(struct page *page, const char *name, const struct buffer *list)
{
    buffer_printf(page->out, ",\n\"%s\":[", name);
    buffer_append(page->out, list->data, list->len);
    page_puts(page, "]");
}

static void page_write_pictures(struct page *page)
{
    page_puts(page, "\"pictures\":[");
    for (size_t i = 0; i < page->result->recording.picture_count; i++) {
        const struct recording_picture *p = &page->result->recording.pictures[i];
        buffer_printf(page->out, "%s[%" PRIu64 ",%u,%u,%" PRId64 ",%u,%u,%u,%u,%u]", i ? "," : "", p->number, p->width,
                      p->height, p->base, p->x, p->y, p->w, p->h, page->states[i]);
        page->counts->pictures += page->states[i] == PICTURE_THERE;
    }
    page_puts(page, "]");
}

static int page_compare_times(const void *one, const void *other)
{
    int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;
    return a < b ? -1 : a > b;
}

static void page_write_gaps(struct page *page)
{
    const struct result *result = page->result;
    struct gap gaps[GAPS_MAX];
    size_t lines = result->timed ? result->line_count : 0, count = 0;
    int64_t *moments_us = malloc((result->recording.entry_count + lines + 1) * sizeof *moments_us);
    for (size_t i = 0; moments_us && i < result->recording.entry_count; i++)
        moments_us[count++] = result->recording.entries[i].at_us;
    for (size_t i = 0; moments_us && i < lines; i++)
        moments_us[count++] = result->lines[i].at_us;
    if (moments_us)
        qsort(moments_us, count, sizeof *moments_us, page_compare_times);
    size_t found = moments_us ? gaps_find(gaps, moments_us, count) : 0;
    page_puts(page, ",\n\"gaps\":[");
    for (size_t i = 0; i < found; i++)
        buffer_printf(page->out, "%s[%" PRId64 ",%" PRId64 "]", i ? "," : "", gaps[i].from_us, gaps[i].to_us);
    buffer_printf(page->out, "],\n\"end\":%" PRId64, count ? moments_us[count - 1] : 0);
    free(moments_us);
}

static void page_write_data(struct page *page)
{
    buffer_printf(page->out, "<script type=\"application/json\" id=\"data\">{\"folder\":%s,\"timed\":%s,\n",
                  page->files ? "true" : "false", page->result->timed ? "true" : "false");
    page_write_pictures(page);
    page_write_list(page, "moments", &page->moments);
    page_write_list(page, "events", &page->events);
    page_write_list(page, "lines", &page->line_times);
    page_write_list(page, "marks", &page->marks);
    page_write_gaps(page);
    page_puts(page, "}</script>\n");
}

/* ---- the head ---- */

static const char *page_title(const struct page *page)
{
    return page->facts->title ? page->facts->title : page->result->folder;
}

static void page_write_policy(struct page *page, const struct embedded *style, const struct embedded *script)
{
    page_puts(page, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; "
                    "form-action 'none'; script-src ");
    if (page->files) {
        page_puts(page, "'self'; style-src 'self'; img-src 'self'\">\n");
        return;
    }
    html_csp_hash(page->out, script->bytes, script->len);
    page_puts(page, "; style-src ");
    html_csp_hash(page->out, style->bytes, style->len);
    page_puts(page, "; img-src data: blob:\">\n");
}

static void page_write_head(struct page *page)
{
    const struct embedded *style = page_part("style.css"), *script = page_part("script.js");
    page_puts(page, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n");
    page_write_policy(page, style, script);
    page_puts(page,
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
              "<meta name=\"referrer\" content=\"no-referrer\"><meta name=\"color-scheme\" content=\"light dark\">\n"
              "<title>");
    page_string(page, page_title(page));
    page_puts(page, "</title>\n");
    if (page->files) {
        page_puts(page, "<link rel=\"stylesheet\" href=\"style.css\"><script src=\"script.js\"></script>\n");
        page_write_file(page, style->name, style->bytes, style->len);
        page_write_file(page, script->name, script->bytes, script->len);
    } else {
        page_puts(page, "<style>");
        buffer_append(page->out, style->bytes, style->len);
        page_puts(page, "</style>\n<script>");
        buffer_append(page->out, script->bytes, script->len);
        page_puts(page, "</script>\n");
    }
    page_puts(page, "</head><body>\n");
}

static void page_write_facts(struct page *page)
{
    const char *verdict = page->facts->verdict;
    page_puts(page, "<header id=\"head\"><h1>");
    page_string(page, page_title(page));
    page_puts(page, "</h1>");
    if (verdict) {
        page_puts(page, "<strong id=\"verdict\" class=\"");
        page_puts(page, strcmp(verdict, "passed") == 0 ? "good" : "bad");
        page_puts(page, "\">");
        page_string(page, verdict);
        page_puts(page, "</strong>");
    }
    page_puts(page, "\n<details id=\"facts\" open><summary>Facts</summary><dl>\n");
    for (size_t i = 0; i < page->facts->rows.count; i++) {
        const char *row = page->facts->rows.items[i], *equals = strchr(row, '=');
        size_t name = equals ? (size_t)(equals - row) : strlen(row);
        page_puts(page, "<div><dt>");
        html_text(page->out, row, name);
        page_puts(page, "</dt><dd>");
        page_string(page, equals ? equals + 1 : "");
        page_puts(page, "</dd></div>\n");
    }
    page_puts(page, "</dl></details>\n");
}

/* ---- failures ---- */

/* Puts a failure's picture there as a whole, which is one more file only where it is a part. */
static void page_failure_picture(struct page *page, size_t index)
{
    const struct recording_picture *p = &page->result->recording.pictures[index];
    struct buffer file;
    struct error err;
    char name[64];
    buffer_init(&file, RESULT_PICTURE_MAX);
    if (result_whole_picture(page->result, index, &file, &err) == 0) {
        page_puts(page, page->files ? "<img loading=\"lazy\"" : "<noscript><img");
        buffer_printf(page->out, " alt=\"The screen then\" width=\"%u\" height=\"%u\" src=\"", p->width, p->height);
        if (page->files) {
            snprintf(name, sizeof name, "pictures/whole-%06" PRIu64 ".png", p->number);
            page_write_file(page, name, file.data, file.len);
            page_puts(page, name);
            page_puts(page, "\">");
        } else {
            page_data_address(page, (struct slice){file.data, file.len});
            page_puts(page, "\"></noscript>");
        }
    }
    buffer_deinit(&file);
}

static void page_write_failures(struct page *page)
{
    const struct result *result = page->result;
    int64_t last = -1;
    size_t listed = 0, pictures = 0;
    if (!result->failure_count)
        return;
    buffer_printf(page->out, "<details id=\"failures\" open><summary>%zu failure%s</summary><ol>\n",
                  result->failure_count, result->failure_count == 1 ? "" : "s");
    for (size_t i = 0; i < result->line_count && listed < PAGE_FAILURES_MAX && !page->out->failed; i++) {
        const struct result_line *line = &result->lines[i];
        if (line->mark != RESULT_FAILURE)
            continue;
        listed++;
        buffer_printf(page->out, "<li><a href=\"#l=%zu\">", i + 1);
        page_text(page, (struct slice){result->report.data + line->offset, line->len});
        page_puts(page, "</a>");
        int64_t shown = result->timed ? result_shown(result, line->at_us) : -1;
        if (shown >= 0 && shown != last && pictures++ < PAGE_FAILURE_PICTURES_MAX)
            page_failure_picture(page, (size_t)shown);
        last = shown;
        page_puts(page, "</li>\n");
    }
    page_puts(page, listed < result->failure_count ? "<li>and more</li></ol></details>\n" : "</ol></details>\n");
}

static void page_write_warnings(struct page *page)
{
    const struct strlist *warnings = &page->result->warnings;
    for (size_t i = 0; i < warnings->count; i++) {
        page_puts(page, "<p class=\"warning\">");
        page_string(page, warnings->items[i]);
        page_puts(page, "</p>\n");
    }
}

static int page_finish(struct page *page)
{
    bool failed = page->out->failed || page->moments.failed || page->events.failed || page->line_times.failed ||
                  page->marks.failed;
    buffer_deinit(&page->moments);
    buffer_deinit(&page->events);
    buffer_deinit(&page->line_times);
    buffer_deinit(&page->marks);
    free(page->states);
    if (!page->status && failed)
        page->status = error_set(page->err, ERR_LIMIT, "the page would have more than %zu MB", page->out->limit >> 20);
    return page->status;
}

int page_write(struct buffer *out, struct result *result, const struct page_facts *facts,
               const struct page_files *files, struct page_counts *counts, struct error *err)
{
    struct page page = {.out = out, .result = result, .facts = facts, .files = files, .counts = counts, .err = err};
    *counts = (struct page_counts){.lines = result->line_count, .failures = result->failure_count};
    page.states = calloc(result->recording.picture_count + 1, 1);
    buffer_init(&page.moments, PAGE_INDEX_MAX);
    buffer_init(&page.events, PAGE_INDEX_MAX);
    buffer_init(&page.line_times, PAGE_INDEX_MAX);
    buffer_init(&page.marks, PAGE_INDEX_MAX);
    if (!page.states)
        page.status = error_set(err, ERR_NO_MEMORY, "no memory for the page");
    if (!page.status) {
        page_write_head(&page);
        page_write_facts(&page);
        page_write_failures(&page);
        page_puts(&page, "</header>\n");
        page_write_moments(&page);
        page_write_warnings(&page);
        page_write_data(&page);
        page_puts(&page, "</body></html>\n");
    }
    return page_finish(&page);
}
