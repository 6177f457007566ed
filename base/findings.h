/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The results of a series of checks, reported a line at a time: "pass NAME: detail". */
#ifndef BASE_FINDINGS_H
#define BASE_FINDINGS_H

#include "base/format.h"
#include "base/strlist.h"

enum finding { FINDING_PASS, FINDING_FAIL, FINDING_SKIP /* not checked; the detail says why */, FINDING_FIXED };
#define FINDING_KINDS 4

struct findings {
    void (*tell)(void *context, const char *line); /* called at once, without a newline; NULL: they are only counted */
    void *context;                                 /* borrowed */
    unsigned counts[FINDING_KINDS];
    struct strlist failed; /* owned: the names of the failed checks */
};

/* Adds a finding: counts it and reports its line. Control characters and invalid UTF-8 become '?'. */
void findings_add(struct findings *findings, enum finding kind, const char *name, const char *format, ...)
    PRINTF_LIKE(4, 5);
void findings_deinit(struct findings *findings);

#endif
