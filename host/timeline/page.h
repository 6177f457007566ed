/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes the page of a result: everything in one file, or a page that refers to files beside it.
 *
 * Without its script the page is a document: facts, failures with their pictures, then what the screen showed and what was
 * printed, in order. The script reads that document, and the numbers in its element #data, and shows them on a time axis.
 */
#ifndef HOST_TIMELINE_PAGE_H
#define HOST_TIMELINE_PAGE_H

#include "host/timeline/page_facts.h"
#include "host/timeline/result.h"

#define PAGE_SIZE_MAX (100u << 20)  /* bytes of a page of one file: browsers take long for more */
#define PAGE_INDEX_MAX (512u << 20) /* bytes of a page with files beside it */
#define PAGE_FAILURES_MAX 500       /* that its head lists */
#define PAGE_FAILURE_PICTURES_MAX 8 /* that are there whole for a reader without scripts */

/* Appends the page. files: NULL for one that has all in itself. ERR_LIMIT when it does not fit into the buffer. */
int page_write(struct buffer *out, struct result *result, const struct page_facts *facts,
               const struct page_files *files, struct page_counts *counts, struct error *err);

#endif
