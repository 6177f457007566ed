/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of a unit between reading its lines (winetest_unit.c) and judging it (winetest_judge.c), and the
 * remarks that both make.
 */
#ifndef HOST_REPORT_WINETEST_SCAN_H
#define HOST_REPORT_WINETEST_SCAN_H

#include "base/format.h"
#include "base/strlist.h"
#include "host/periscope_winetest.h"
#include "host/report/winetest_line.h"

struct winetest_scan {
    struct periscope_unit *unit; /* being filled */
    struct slice dll, name;      /* of the unit; empty when unknown */
    size_t size;                 /* bytes that count against PERISCOPE_WINETEST_MAX_REPORT */
    size_t end;                  /* where the main process has ended: no summary from there on is its own */
    struct strlist problems, notes;
    struct periscope_unit_counts counted; /* lines; `tests` is not used */
    uint64_t child_failures;              /* that a process reported of its children; its summary counts them too */
    uint64_t exceptions;                  /* LINE_EXCEPTION lines */
    uint64_t exception_code;              /* of the last of them */
    uint64_t first_crash_line;            /* number of the first line that reports a crash; 0: none */
    bool main_ended;                      /* the main process printed its summary, or its equivalent */
    bool any_ended;                       /* any process of the unit did */
    bool tells_flaky;                     /* a summary has the count of flaky failures */
    bool wine_test;                       /* at least one line has the form of a Wine test's */
    bool ended;                           /* the line at hand is behind `end` */
    bool failed;                          /* memory ran out */
};

/* Adds a problem, which makes the unit fail. */
void winetest_problem(struct winetest_scan *scan, const char *format, ...) PRINTF_LIKE(2, 3);
/* Adds a note, which does not affect the verdict. */
void winetest_note(struct winetest_scan *scan, const char *format, ...) PRINTF_LIKE(2, 3);

/* Parses as periscope_unit_parse() does. size: the bytes that count as the unit's, as the TestBot counts them. end: those
   up to the line that says that its main process is done; SIZE_MAX: there is none. */
int winetest_unit_parse(struct slice output, size_t size, size_t end, const struct periscope_unit_run *run,
                        struct periscope_unit *out);

/* Sets the unit's counts and verdict, and adds the problems and notes that follow from the scan as a whole. */
void winetest_judge(struct winetest_scan *scan, const struct periscope_unit_run *run);

/* Copies a name for use in messages and files: anything but letters, digits, '.', '_' and '-' becomes '_', and the name
   is cut at PERISCOPE_WINETEST_MAX_NAME. Returns NULL without memory. */
char *winetest_name(struct slice name);

#endif
