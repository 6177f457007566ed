/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of virtual files: what is none of them is a file of the guest's. */
#include "tests/unit/check.h"

#include "agent/rpc/evidence.h"
#include "agent/rpc/virtual.h"

#include <stdlib.h>

static uint64_t evidence_pid; /* of the last evidence_collect */
static bool evidence_windows;

int evidence_collect(struct agent *agent, uint64_t pid, bool windows, struct buffer *out, struct error *err)
{
    (void)agent;
    (void)err;
    evidence_pid = pid;
    evidence_windows = windows;
    buffer_printf(out, "text");
    return 0;
}

static void check_all(const char *const *names, size_t count, bool want)
{
    for (size_t i = 0; i < count; i++)
        if (virtual_file_exists(names[i]) != want) {
            printf("# '%s' is %s virtual file\n", names[i], want ? "no" : "a");
            CHECK(!"a name");
        }
}
#define CHECK_ALL(names, want) check_all(names, sizeof names / sizeof *names, want)

static void names_that_there_are(void)
{
    static const char *const names[] = {
        ".periscope/screenshot.png",   ".periscope/status.txt",
        ".periscope/windows.txt",      ".periscope/console.txt",
        ".periscope/log.txt",          ".periscope/console-1.txt",
        ".periscope/console-63.txt",   ".periscope/screenshot-HDMI-A-1.png",
        ".periscope/screenshot-x.png", ".periscope/screenshot-.png.png",
        ".periscope/evidence-1.txt",   ".periscope/evidence-4294967295.txt",
        ".periscope/processes-7.txt",  ".periscope/dump-7.dmp",
    };
    CHECK_ALL(names, true);
}

static void names_that_are_none(void)
{
    static const char *const names[] = {
        "",
        ".periscope",
        ".periscope/",
        "screenshot.png",
        "/.periscope/log.txt",
        "./.periscope/log.txt",
        ".periscope//log.txt",
        ".Periscope/log.txt",
        ".periscope/log.tx",
        ".periscope/log.txt ",
        ".periscope/log.txt/",
        ".periscope/screenshot-.png",
        ".periscope/screenshot.pngx",
        ".periscope/screenshot-x.ppm",
        ".periscope/console-.txt",
        ".periscope/console-0.txt",
        ".periscope/console-64.txt",
        ".periscope/console--1.txt",
        ".periscope/console-1.txtx",
        ".periscope/console-1x.txt",
        ".periscope/console-18446744073709551617.txt",
        ".periscope/evidence-.txt",
        ".periscope/evidence-x.txt",
        ".periscope/evidence- 7.txt",
        ".periscope/evidence-4294967296.txt",
        ".periscope/evidence-7.dmp",
        ".periscope/dump-7.txt",
        ".periscope/dump-.dmp",
    };
    CHECK_ALL(names, false);
}

static void an_output_s_name_to_its_limit(void)
{
    char path[256];
    for (int len = 127; len <= 129; len++) {
        snprintf(path, sizeof path, ".periscope/screenshot-%0*d.png", len, 0);
        CHECK_INT(virtual_file_exists(path), len <= 128);
    }
}

static void evidence_with_windows_and_without(void)
{
    struct buffer out;
    struct error err;
    buffer_init(&out, 100);
    CHECK_INT(virtual_file_read(NULL, ".periscope/evidence-4294967295.txt", &out, &err), 0);
    CHECK_INT(evidence_pid, 4294967295u);
    CHECK(evidence_windows);
    CHECK_INT(virtual_file_read(NULL, ".periscope/processes-12.txt", &out, &err), 0);
    CHECK_INT(evidence_pid, 12);
    CHECK(!evidence_windows);
    CHECK_INT(out.len, 8);
    buffer_deinit(&out);
}

int main(void)
{
    RUN(names_that_there_are);
    RUN(names_that_are_none);
    RUN(an_output_s_name_to_its_limit);
    RUN(evidence_with_windows_and_without);
    return CHECK_RESULT();
}
