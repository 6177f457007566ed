/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of a unit between reading its lines (winetest_unit.c) and judging it (winetest_judge.c), and its remarks. */
#ifndef HOST_REPORT_WINETEST_SCAN_H
#define HOST_REPORT_WINETEST_SCAN_H

#include "base/format.h"
#include "base/strlist.h"
#include "host/periscope_winetest.h"
#include "host/report/winetest_line.h"

struct winetest_scan {
    struct periscope_unit *unit; /* being filled */
    struct slice dll, name;      /* of the unit; empty when unknown */
    struct strlist problems, notes;
    struct periscope_unit_counts counted; /* lines; `tests` is not used */
    uint64_t child_failures;              /* that a process reported of its children, which count in its summary too */
    uint64_t exceptions;                  /* LINE_EXCEPTION lines */
    uint64_t exception_code;              /* of the last of them */
    uint64_t first_crash_line;            /* number of the first line that tells of a crash; 0: none */
    bool main_ended;                      /* the main process printed its summary, or what stands in for one */
    bool any_ended;                       /* some process of the unit did */
    bool wine_test;                       /* something in it is of the form of a Wine test */
    bool failed;                          /* memory ran out */
};

void winetest_problem(struct winetest_scan *scan, const char *format, ...) PRINTF_LIKE(2, 3);
void winetest_note(struct winetest_scan *scan, const char *format, ...) PRINTF_LIKE(2, 3);

/* Fills the unit's counts, verdict, and what of problems and notes follows from all of it. */
void winetest_judge(struct winetest_scan *scan, const struct periscope_unit_run *run);

/* A name as it may stand in a message or a file: anything but letters, digits, '.', '_' and '-' becomes '_', and it is
   cut at PERISCOPE_WINETEST_MAX_NAME. */
char *winetest_name(struct slice name);

#endif
