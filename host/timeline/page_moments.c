/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the screen showed and what was printed, in order. */
#include "host/timeline/page_parts.h"

#include "base/timestamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void page_puts(struct page *page, const char *text)
{
    buffer_append(page->out, text, strlen(text));
}

void page_text(struct page *page, struct slice text)
{
    html_text(page->out, text.data, text.len);
}

void page_string(struct page *page, const char *text)
{
    html_text(page->out, text, strlen(text));
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

void page_data_address(struct page *page, struct slice file)
{
    page_puts(page, "data:image/png;base64,");
    html_base64(page->out, file.data, file.len);
}

void page_write_file(struct page *page, const char *name, const void *bytes, size_t len)
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

void page_write_moments(struct page *page)
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
