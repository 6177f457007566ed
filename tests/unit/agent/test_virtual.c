/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of virtual files: what is none of them is a file of the guest's. */
#include "tests/unit/check.h"

#include "agent/rpc/evidence.h"
#include "agent/rpc/virtual.h"

#include <stdlib.h>

static uint64_t evidence_pid; /* of the last evidence_collect */
static bool evidence_windows;

int evidence_collect(struct agent *agent, uint64_t pid, bool windows, struct os_socket *client, struct buffer *out,
                     struct error *err)
{
    (void)agent;
    (void)client;
    (void)err;
    evidence_pid = pid;
    evidence_windows = windows;
    buffer_printf(out, "text");
    return 0;
}

static bool is_virtual(const char *path)
{
    char *name;
    struct error err;
    CHECK_INT(virtual_file_name(&name, path, &err), 0);
    bool exists = name && virtual_file_exists(name);
    free(name);
    return exists;
}

static void check_all(const char *const *names, size_t count, bool want)
{
    for (size_t i = 0; i < count; i++)
        if (is_virtual(names[i]) != want) {
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
        ".periscope/dump-7-100.dmp",   ".periscope/dump-7-20000.dmp",
        "./.periscope/log.txt",        ".periscope//log.txt",
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
        "../.periscope/log.txt",
        "sub/.periscope/log.txt",
        ".periscope/log.tx",
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
        ".periscope/dump-7-.dmp",
        ".periscope/dump-7-99.dmp",
        ".periscope/dump-7-20001.dmp",
        ".periscope/dump-7-500-500.dmp",
    };
    CHECK_ALL(names, false);
}

static void an_output_s_name_to_its_limit(void)
{
    char path[256];
    for (int len = 127; len <= 129; len++) {
        snprintf(path, sizeof path, ".periscope/screenshot-%0*d.png", len, 0);
        CHECK_INT(is_virtual(path), len <= 128);
    }
}

static void evidence_with_windows_and_without(void)
{
    struct buffer out;
    struct error err;
    buffer_init(&out, 100);
    CHECK_INT(virtual_file_read(NULL, NULL, "evidence-4294967295.txt", &out, &err), 0);
    CHECK_INT(evidence_pid, 4294967295u);
    CHECK(evidence_windows);
    CHECK_INT(virtual_file_read(NULL, NULL, "processes-12.txt", &out, &err), 0);
    CHECK_INT(evidence_pid, 12);
    CHECK(!evidence_windows);
    CHECK_INT(out.len, 8);
    buffer_deinit(&out);
}

static void what_is_below_the_folder_is_kept_out(void)
{
    static const char *const below[] = {".periscope/log.txt", ".periscope/none", "./.periscope/", ".periscope/a/b"};
    static const char *const elsewhere[] = {"", ".periscope", "log.txt", ".periscope-log.txt", "a/.periscope/log.txt"};
    struct error err;
    struct buffer out;
    for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
        CHECK_INT(virtual_file_keep_out(below[i], &err), ERR_DENIED);
        CHECK_TEXT(err.text, "the names in .periscope are the agent's own");
    }
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        CHECK_INT(virtual_file_keep_out(elsewhere[i], &err), 0);
    buffer_init(&out, 100);
    CHECK_INT(virtual_file_read(NULL, NULL, "none", &out, &err), ERR_NOT_FOUND);
    CHECK_TEXT(err.text, "No such file or directory");
    buffer_deinit(&out);
}

int main(void)
{
    RUN(names_that_there_are);
    RUN(names_that_are_none);
    RUN(an_output_s_name_to_its_limit);
    RUN(evidence_with_windows_and_without);
    RUN(what_is_below_the_folder_is_kept_out);
    return CHECK_RESULT();
}
