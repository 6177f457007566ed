/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files that write a page share: page.c its head, page_moments.c what was shown and printed, page_data.c the
   script's numbers. */
#ifndef HOST_TIMELINE_PAGE_PARTS_H
#define HOST_TIMELINE_PAGE_PARTS_H

#include "host/timeline/html.h"
#include "host/timeline/page_facts.h"
#include "host/timeline/result.h"

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

/* Appends markup, or a text that is escaped. */
void page_puts(struct page *page, const char *text);
void page_text(struct page *page, struct slice text);
void page_string(struct page *page, const char *text);

/* Appends the address of a picture that is in the page itself. */
void page_data_address(struct page *page, struct slice file);
/* Writes a file beside the page; the first failure is kept. */
void page_write_file(struct page *page, const char *name, const void *bytes, size_t len);

void page_write_moments(struct page *page);
void page_write_data(struct page *page);

#endif
