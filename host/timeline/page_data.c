/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The numbers that the page's script reads. */
#include "host/timeline/gaps.h"
#include "host/timeline/page_parts.h"

#include <inttypes.h>
#include <stdlib.h>

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

void page_write_data(struct page *page)
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
