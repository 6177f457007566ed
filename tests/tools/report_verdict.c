/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints the verdict of each report named: "passed" or "failed", then all problems, in one line each. For
   tests/integration/test_testbot.py. */
#include "host/periscope_winetest.h"

#include <stdio.h>
#include <stdlib.h>

#define REPORT_MAX (1u << 20)

static bool report_passes(const struct periscope_winetest *report)
{
    for (size_t i = 0; i < report->count; i++)
        if (report->units[i].verdict > PERISCOPE_UNIT_SKIPPED)
            return false;
    return report->problems.count == 0;
}

static void report_print(const struct periscope_winetest *report)
{
    printf("%s", report_passes(report) ? "passed" : "failed");
    for (size_t i = 0; i < report->count; i++)
        for (size_t j = 0; j < report->units[i].problems.count; j++)
            printf(" | %s", report->units[i].problems.items[j]);
    printf("\n");
}

static int report_judge(const char *path, char *bytes)
{
    struct periscope_winetest report;
    FILE *file = fopen(path, "rb");
    if (!file)
        return EXIT_FAILURE;
    size_t len = fread(bytes, 1, REPORT_MAX, file);
    fclose(file);
    if (periscope_winetest_parse(bytes, len, &report))
        return EXIT_FAILURE;
    report_print(&report);
    periscope_winetest_free(&report);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int status = EXIT_SUCCESS;
    char *bytes = malloc(REPORT_MAX);
    for (int i = 1; bytes && i < argc && status == EXIT_SUCCESS; i++)
        status = report_judge(argv[i], bytes);
    free(bytes);
    return bytes ? status : EXIT_FAILURE;
}
