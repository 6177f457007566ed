/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Uploads where a file can't be without a name: no /proc, or a file system that keeps none. */
#include "tests/unit/check.h"

#include "platform/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static struct error err;
static bool no_proc;
static unsigned calls;        /* of getrandom */
static unsigned same;         /* so many times it gives the number that it gave first */
static bool before_the_start; /* the kernel has no randomness yet */

/* In place of the C library's. */
int access(const char *name, int type)
{
    (void)type;
    return no_proc || strncmp(name, "/proc/self/fd/", 14) != 0 ? -1 : 0;
}

ssize_t getrandom(void *buffer, size_t length, unsigned flags)
{
    uint64_t number = 0x1000 + (calls < same ? 0 : calls);
    calls++;
    if (before_the_start || !(flags & GRND_NONBLOCK) || length != sizeof number)
        return -1;
    memcpy(buffer, &number, sizeof number);
    return (ssize_t)length;
}

static bool is_there(const char *name)
{
    struct stat info;
    return lstat(name, &info) == 0;
}

static void make(const char *name)
{
    int fd = open(name, O_WRONLY | O_CREAT, 0600);
    CHECK(fd >= 0 && close(fd) == 0);
}

static int count_files(void)
{
    int count = -2; /* . and .. */
    DIR *list = opendir(".");
    while (list && readdir(list))
        count++;
    closedir(list);
    return count;
}

static void begin(bool without_proc, unsigned numbers_alike)
{
    no_proc = without_proc;
    calls = 0;
    same = numbers_alike;
    before_the_start = false;
}

static void without_proc_it_has_a_random_name(void)
{
    struct os_upload *upload;
    begin(true, 0);
    CHECK_INT(os_upload_begin(&upload, "file", OS_UPLOAD_PRIVATE, &err), 0);
    CHECK(is_there(".periscope-0000000000001000.tmp"));
    CHECK_INT(os_upload_write(upload, "text", 4, &err), 0);
    CHECK_INT(os_upload_sweep(), 0); /* it is in use */
    CHECK_INT(os_upload_commit(upload, &err), 0);
    CHECK(is_there("file"));
    CHECK_INT(count_files(), 1);
    CHECK_INT(os_upload_begin(&upload, "file", OS_UPLOAD_PRIVATE, &err), 0);
    os_upload_abandon(upload);
    CHECK_INT(count_files(), 1);
    unlink("file");
}

static void with_proc_it_has_none(void)
{
    struct os_upload *upload;
    begin(false, 0);
    CHECK_INT(os_upload_begin(&upload, "file", OS_UPLOAD_PRIVATE, &err), 0);
    CHECK_INT(os_upload_write(upload, "text", 4, &err), 0);
    CHECK_INT(count_files(), 0);
    CHECK_INT(os_upload_commit(upload, &err), 0);
    CHECK_INT(count_files(), 1);
    unlink("file");
}

static void name_that_is_taken_is_passed_over(void)
{
    struct os_upload *upload;
    for (int without_proc = 0; without_proc < 2; without_proc++) {
        make(".periscope-0000000000001000.tmp");
        begin(without_proc, 2);
        CHECK_INT(os_upload_begin(&upload, "file", OS_UPLOAD_PRIVATE, &err), 0);
        CHECK_INT(os_upload_commit(upload, &err), 0);
        CHECK(is_there("file") && is_there(".periscope-0000000000001000.tmp"));
        CHECK_INT(calls, 3);
        unlink("file");
        unlink(".periscope-0000000000001000.tmp");
    }
}

static void names_that_are_all_taken_are_not_tried_for_ever(void)
{
    struct os_upload *upload;
    make(".periscope-0000000000001000.tmp");
    begin(true, 1000);
    CHECK_INT(os_upload_begin(&upload, "file", OS_UPLOAD_PRIVATE, &err), ERR_SYSTEM);
    CHECK_TEXT(err.text, "File exists");
    begin(false, 1000);
    CHECK_INT(os_upload_begin(&upload, "file", OS_UPLOAD_PRIVATE, &err), 0);
    CHECK_INT(os_upload_commit(upload, &err), ERR_SYSTEM);
    CHECK_TEXT(err.text, "File exists");
    CHECK_INT(count_files(), 1); /* the one that others have made is not removed */
    unlink(".periscope-0000000000001000.tmp");
}

static void right_after_the_kernel_s_start_too(void)
{
    begin(true, 0);
    before_the_start = true;
    CHECK_INT(os_upload_whole("file", OS_UPLOAD_PRIVATE, "text", 4, &err), 0);
    CHECK_INT(count_files(), 1);
    unlink("file");
}

int main(void)
{
    char folder[] = "/tmp/periscope-XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) < 0)
        return 1;
    RUN(without_proc_it_has_a_random_name);
    RUN(with_proc_it_has_none);
    RUN(name_that_is_taken_is_passed_over);
    RUN(names_that_are_all_taken_are_not_tried_for_ever);
    RUN(right_after_the_kernel_s_start_too);
    rmdir(folder);
    return CHECK_RESULT();
}
