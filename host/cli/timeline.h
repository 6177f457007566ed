/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page of a result's folder, with what `periscope test` has told of its run. */
#ifndef HOST_CLI_TIMELINE_H
#define HOST_CLI_TIMELINE_H

#include "host/cli/cli.h"
#include "host/timeline/page.h"

struct timeline {
    struct result result;
    struct page_facts facts;
    char *title, *verdict; /* owned; NULL: unknown */
    struct page_counts counts;
};

/* Reads a folder. timeline_deinit() is for both results. */
int timeline_read(struct timeline *out, const char *folder, struct error *err);
void timeline_deinit(struct timeline *timeline);

/* Returns "FOLDER/NAME", which the caller frees; NULL without memory. */
char *timeline_path(const char *folder, const char *name);

/* Writes timeline.html into the folder of a result that has a recording; what is wrong with it is told in the page. */
int timeline_make(const char *folder, struct error *err);

#endif
