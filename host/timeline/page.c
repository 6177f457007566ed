/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/timeline/page.h"

#include "host/timeline/page_parts.h"

#include "host/embedded.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct embedded timeline_page[];

static const struct embedded *page_part(const char *name)
{
    const struct embedded *part = timeline_page;
    while (part->name && strcmp(part->name, name) != 0)
        part++;
    return part;
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
        const char *note = result_note_of(result, i);
        if (note)
            page_string(page, note);
        else
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
