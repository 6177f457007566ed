/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a host sends into a file, over the real upload: what it asks of the system is noted in order. */
#include "tests/memory_source.h"
#include "tests/unit/check.h"

#include "agent/rpc/receive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- the system calls that count, by the names of the C library ---- */

static char calls[256];
static int failing_write, failing_sync, failing_rename; /* an errno, or 0 */

static void note(const char *call)
{
    size_t len = strlen(calls);
    if (len < strlen(call) || strcmp(calls + len - strlen(call), call) != 0)
        snprintf(calls + len, sizeof calls - len, " %s", call);
}

static long fail_or(int code, long result)
{
    if (!code)
        return result;
    errno = code;
    return -1;
}

int fsync(int fd)
{
    struct stat what;
    bool folder = fstat(fd, &what) == 0 && S_ISDIR(what.st_mode);
    note(folder ? "sync-folder" : "sync-file");
    return folder ? 0 : (int)fail_or(failing_sync, 0);
}

int rename(const char *old, const char *new)
{
    note("rename");
    return (int)fail_or(failing_rename, failing_rename ? 0 : syscall(SYS_renameat2, AT_FDCWD, old, AT_FDCWD, new, 0));
}

ssize_t write(int fd, const void *buf, size_t n)
{
    if (fd <= 2)
        return syscall(SYS_write, fd, buf, n);
    note("write");
    /* No more than 3 bytes at a time, as of a file system that is full in a moment. */
    return fail_or(failing_write, failing_write ? 0 : syscall(SYS_write, fd, buf, n < 3 ? n : 3));
}

/* ---- the tests ---- */

static char folder[64], path[128];
static struct error err;

static int receive(const char *bytes, size_t len, uint64_t size)
{
    static struct memory_source memory;
    struct request request = {.data_size = size};
    memory = memory_source(bytes, len, 100);
    request.list = (struct list_reader){.source = &memory.source, .count = 1, .index = 1, .left = size};
    *calls = '\0';
    err = (struct error){0};
    return receive_file(&request, path, false, &err);
}

static int entries(void)
{
    char command[128], text[16] = "";
    snprintf(command, sizeof command, "ls -A %s | wc -l", folder);
    FILE *pipe = popen(command, "r");
    if (pipe && !fgets(text, sizeof text, pipe))
        *text = '\0';
    if (pipe)
        pclose(pipe);
    return atoi(text);
}

static bool holds(const char *text)
{
    char bytes[64];
    FILE *file = fopen(path, "r");
    size_t len = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (file)
        fclose(file);
    return len == strlen(text) && memcmp(bytes, text, len) == 0;
}

static void it_is_on_the_disk_before_it_has_its_name(void)
{
    CHECK_INT(receive("old text", 8, 8), 0);
    CHECK_TEXT(calls, " write sync-file rename sync-folder");
    CHECK(holds("old text"));
    CHECK_INT(receive("", 0, 0), 0);
    CHECK_TEXT(calls, " sync-file rename sync-folder");
    CHECK(holds(""));
    CHECK_INT(receive("old text", 8, 8), 0);
}

static void a_failure_leaves_the_old_file(void)
{
    failing_write = ENOSPC;
    CHECK(receive("new", 3, 3) < 0);
    CHECK_TEXT(calls, " write");
    CHECK(strstr(err.text, "an error occurred while writing to '") && strstr(err.text, "': No space left on device"));
    failing_write = 0;
    failing_sync = EIO;
    CHECK(receive("new", 3, 3) < 0);
    CHECK_TEXT(calls, " write sync-file");
    CHECK(strstr(err.text, "': Input/output error") || strstr(err.text, "': I/O error")); /* glibc, musl */
    failing_sync = 0;
    failing_rename = EACCES;
    CHECK(receive("new", 3, 3) < 0);
    CHECK(strstr(err.text, "': Permission denied"));
    failing_rename = 0;
    CHECK(holds("old text"));
    CHECK_INT(entries(), 1);
}

static void a_connection_that_breaks_leaves_the_old_file(void)
{
    CHECK_INT(receive("ne", 2, 3), ERR_CLOSED);
    CHECK(holds("old text"));
    CHECK_INT(entries(), 1);
}

static void one_that_can_not_be_begun(void)
{
    char file[sizeof path];
    memcpy(file, path, sizeof file);
    snprintf(path, sizeof path, "%s/no/x", folder);
    CHECK_INT(receive("new", 3, 3), ERR_NOT_FOUND);
    CHECK(strncmp(err.text, "unable to open '", 16) == 0);
    CHECK(strstr(err.text, "/no/x' for writing: No such file or directory"));
    memcpy(path, file, sizeof file);
}

int main(void)
{
    strcpy(folder, "/tmp/test_receive-XXXXXX");
    if (!mkdtemp(folder)) {
        printf("SKIP test_receive: no folder can be made in /tmp\n");
        return 0;
    }
    snprintf(path, sizeof path, "%s/file", folder);
    RUN(it_is_on_the_disk_before_it_has_its_name);
    RUN(a_failure_leaves_the_old_file);
    RUN(a_connection_that_breaks_leaves_the_old_file);
    RUN(one_that_can_not_be_begun);
    remove(path);
    rmdir(folder);
    return CHECK_RESULT();
}
