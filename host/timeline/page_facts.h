/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a page is told beside its result, where its files go, and what is counted of it. */
#ifndef HOST_TIMELINE_PAGE_FACTS_H
#define HOST_TIMELINE_PAGE_FACTS_H

#include "base/error.h"
#include "base/strlist.h"

#include <stddef.h>

struct page_facts {
    const char *title;   /* NULL: the folder's name */
    const char *verdict; /* NULL: unknown */
    struct strlist rows; /* "NAME=VALUE", for people; in order */
};

/* Writes files beside the page. */
struct page_files {
    int (*write)(void *context, const char *name, const void *bytes, size_t len, struct error *err);
    void *context; /* borrowed */
};

struct page_counts {
    size_t pictures, moments, lines, failures, missing; /* missing: pictures whose file can't be shown */
};

#endif
