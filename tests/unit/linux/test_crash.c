/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What systems keep of a crash, in simulated folders: lines as kernels write them. */
#include "tests/unit/check.h"

#include "linux/service/crash.h"
#include "platform/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SINCE_MS INT64_C(1700000000000)

static char root[64], name[256];

static int find(void)
{
    struct error err;
    return crash_find_below(root, SINCE_MS, name, sizeof name, &err);
}

static void put(const char *path, const char *text, int64_t time_s)
{
    char full[256], folder[256];
    struct error err;
    snprintf(full, sizeof full, "%s%s", root, path);
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(full, '/') - full), full);
    CHECK_INT(os_folder_make(folder, &err), 0);
    FILE *file = fopen(full, "w");
    CHECK(file != NULL);
    fputs(text, file);
    fclose(file);
    const struct timespec times[2] = {{.tv_sec = time_s}, {.tv_sec = time_s}};
    CHECK_INT(utimensat(AT_FDCWD, full, times, 0), 0);
}

static void check_name(const char *want, const char *file)
{
    char text[256];
    snprintf(text, sizeof text, "%s (%s%s)", want, root, file);
    CHECK_INT(find(), 1);
    CHECK_TEXT(name, text);
}

static void nothing_was_kept(void)
{
    CHECK_INT(find(), 0);
}

static void one_before_the_last_boot_is_none(void)
{
    put("/sys/fs/pstore/dmesg-efi-1", "<0>[    9.1] Kernel panic - not syncing: old\n", SINCE_MS / 1000 - 3600);
    CHECK_INT(find(), 0);
}

static void a_panic_is_the_last_word(void)
{
    put("/var/lib/systemd/pstore/1700000100/001/dmesg.txt",
        "Panic#1 Part1\n"
        "<1>[   40.1] BUG: kernel NULL pointer dereference, address: 0000000000000000\n"
        "<4>[   40.2] Oops: 0002 [#1] PREEMPT SMP NOPTI\n"
        "<0>[   40.3] Kernel panic - not syncing: Fatal exception in interrupt\n"
        "<0>[   40.4] Kernel Offset: 0x1000000\n",
        SINCE_MS / 1000 + 100);
    check_name("Kernel panic - not syncing: Fatal exception in interrupt",
               "/var/lib/systemd/pstore/1700000100/001/dmesg.txt");
}

static void without_a_panic_it_is_the_first_fault(void)
{
    put("/var/crash/202311142215/dmesg.202311142215",
        "[   40.1] BUG: unable to handle page fault for address: ffffffffc0000000\n"
        "[   40.2] Oops: 0000 [#1] SMP\n",
        SINCE_MS / 1000 + 200);
    check_name("BUG: unable to handle page fault for address: ffffffffc0000000",
               "/var/crash/202311142215/dmesg.202311142215");
}

static void a_log_without_a_known_word_is_named(void)
{
    put("/sys/fs/pstore/dmesg-ramoops-0", "nothing known\n", SINCE_MS / 1000 + 300);
    put("/sys/fs/pstore/console-ramoops-0", "Kernel panic - not syncing: of no crash\n", SINCE_MS / 1000 + 400);
    check_name("the kernel's log was kept", "/sys/fs/pstore/dmesg-ramoops-0");
}

static void what_can_not_be_looked_at_is_told(void)
{
    struct error err;
    char place[80];
    snprintf(place, sizeof place, "%s/other", root);
    put("/other/sys/fs", "", 0); /* a file: the folder below it can't be opened */
    CHECK_INT(crash_find_below(place, SINCE_MS, name, sizeof name, &err), ERR_SYSTEM);
    CHECK(strstr(err.text, "/other/sys/fs/pstore' can't be looked at: Not a directory") != NULL);
}

static void clean_up(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    CHECK_INT(system(command), 0);
}

int main(void)
{
    snprintf(root, sizeof root, "/tmp/periscope-crash-XXXXXX");
    CHECK(mkdtemp(root) != NULL);
    RUN(nothing_was_kept);
    RUN(one_before_the_last_boot_is_none);
    RUN(a_panic_is_the_last_word);
    RUN(without_a_panic_it_is_the_first_fault);
    RUN(a_log_without_a_known_word_is_named);
    RUN(what_can_not_be_looked_at_is_told);
    clean_up();
    return CHECK_RESULT();
}
