/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files in the agent's working folder, made as for a host. */
#include "agent/selftest/selftest.h"
#include "platform/file.h"

#include <stdio.h>
#include <string.h>

#define PATH_SIZE 4096 /* bytes */
#define FIRST_NAME ".periscope-selftest.tmp"
#define OTHER_NAME ".periscope-selftest-\xe6\x97\xa5\xe6\x9c\xac.tmp" /* two characters of another script */

struct paths {
    char first[PATH_SIZE], other[PATH_SIZE];
};

static int selftest_put(const char *path, const char *text, bool commit, struct error *err)
{
    struct os_upload *upload;
    int status = os_upload_begin(&upload, path, OS_UPLOAD_PRIVATE, err);
    if (status)
        return status;
    status = os_upload_write(upload, text, strlen(text), err);
    if (status == 0 && commit)
        return os_upload_commit(upload, err);
    os_upload_abandon(upload);
    return status;
}

static int selftest_file_holds(struct os_file *file, const char *text, struct error *err)
{
    char bytes[32];
    int got = os_file_read(file, bytes, sizeof bytes, err);
    if (got < 0)
        return got;
    if ((size_t)got == strlen(text) && memcmp(bytes, text, (size_t)got) == 0)
        return 0;
    return error_set(err, ERR_INVALID, "it holds %d bytes that are not '%s'", got, text);
}

static int expect(const char *path, const char *text, struct error *err)
{
    struct os_file *file;
    uint64_t size;
    int status = os_file_open(&file, path, &size, err);
    if (status == 0) {
        status = selftest_file_holds(file, text, err);
        os_file_close(file);
    }
    return status;
}

static int expect_none(const char *path, struct error *err)
{
    struct os_file *file;
    uint64_t size;
    int status = os_file_open(&file, path, &size, err);
    if (status == ERR_NOT_FOUND)
        return 0;
    if (status == 0)
        os_file_close(file);
    return status ? status : error_set(err, ERR_INVALID, "it is still there");
}

/* ---- the steps ---- */

static int selftest_write(const struct paths *paths, struct error *err)
{
    int status = selftest_put(paths->first, "one", true, err);
    return status ? status : expect(paths->first, "one", err);
}

static int selftest_abandon(const struct paths *paths, struct error *err)
{
    int status = selftest_put(paths->first, "half", false, err);
    return status ? status : expect(paths->first, "one", err);
}

/* Replaces a file while it is open: the open one keeps the old content. */
static int replace_open_file(const struct paths *paths, struct error *err)
{
    struct os_file *file;
    uint64_t size;
    int status = os_file_open(&file, paths->first, &size, err);
    if (status)
        return status;
    status = selftest_put(paths->first, "two", true, err);
    if (status == 0)
        status = selftest_file_holds(file, "one", err);
    os_file_close(file);
    return status ? status : expect(paths->first, "two", err);
}

static int selftest_rename(const struct paths *paths, struct error *err)
{
    int status = os_file_rename(paths->first, paths->other, err);
    if (status == 0)
        status = expect(paths->other, "two", err);
    return status ? status : expect_none(paths->first, err);
}

static int selftest_remove(const struct paths *paths, struct error *err)
{
    int status = os_file_remove(paths->other, err);
    return status ? status : expect_none(paths->other, err);
}

void selftest_files(struct findings *findings, const char *folder)
{
    static const struct {
        const char *what;
        int (*take)(const struct paths *paths, struct error *err);
    } steps[] = {{"write one", selftest_write},
                 {"leave it alone when an upload breaks off", selftest_abandon},
                 {"replace it while it is open", replace_open_file},
                 {"rename it to a name in another script", selftest_rename},
                 {"remove it", selftest_remove}};
    struct paths paths;
    struct error err;
    snprintf(paths.first, sizeof paths.first, "%.3900s/%s", folder, FIRST_NAME);
    snprintf(paths.other, sizeof paths.other, "%.3900s/%s", folder, OTHER_NAME);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (steps[i].take(&paths, &err) == 0)
            continue;
        findings_add(findings, FINDING_FAIL, "files", "in '%s', to %s: %s", folder, steps[i].what, err.text);
        (void)os_file_remove(paths.first, NULL);
        (void)os_file_remove(paths.other, NULL);
        return;
    }
    findings_add(findings, FINDING_PASS, "files",
                 "in '%s' one is written whole or not at all, replaced while it is open, renamed and removed", folder);
}
