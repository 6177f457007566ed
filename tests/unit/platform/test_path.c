/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which names lead below a folder, by their spelling. */
#include "tests/unit/check.h"

#include "base/buffer.h"
#include "platform/file.h"
#include "platform/path.h"

#include <stdlib.h>

static struct error err;

static void check_rest(const char *path, const char *want)
{
    char *rest;
    CHECK_INT(os_path_below(&rest, path, ".own", &err), 0);
    if (want)
        CHECK_TEXT(rest, want);
    else
        CHECK(!rest);
    free(rest);
}

static void every_spelling_of_the_folder(void)
{
    check_rest(".own/file", "file");
    check_rest("./.own/file", "file");
    check_rest(".own//file", "file");
    check_rest(".own/./file", "file");
    check_rest(".own/../.own/file", "file");
    check_rest("sub/../.own/file", "file");
    check_rest(".own/sub/../file", "file");
    check_rest(".//.own/./sub/file", "sub/file");
}

static void names_that_lead_elsewhere(void)
{
    static const char *const paths[] = {"",           ".",
                                        "..",         "file",
                                        "/",          ".own",
                                        ".ownfile",   ".ow",
                                        "own/file",   "../.own/file",
                                        "sub/.own/x", ".own/../file",
                                        ".own/..",    ".own/../../.own/x"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        check_rest(paths[i], NULL);
}

static void what_ends_like_a_folder(void)
{
    check_rest(".own/", "");
    check_rest(".own/file/", "file/");
}

static void absolute_path(void)
{
    char path[4200];
    struct buffer cwd;
    buffer_init(&cwd, 4096);
    CHECK_INT(os_getcwd(&cwd, &err), 0);
    snprintf(path, sizeof path, "%s/.own/file", (const char *)cwd.data);
    check_rest(path, "file");
    snprintf(path, sizeof path, "%s/./.own//file", (const char *)cwd.data);
    check_rest(path, "file");
    snprintf(path, sizeof path, "%s/sub/.own/file", (const char *)cwd.data);
    check_rest(path, NULL);
    snprintf(path, sizeof path, "%sx/.own/file", (const char *)cwd.data);
    check_rest(path, NULL);
    buffer_deinit(&cwd);
}

static void long_path(void)
{
    enum { LEN = 30000 };
    char *path = malloc(LEN + 16);
    for (int i = 0; i < LEN; i += 2)
        memcpy(path + i, "./", 2);
    strcpy(path + LEN, ".own/file");
    check_rest(path, "file");
    free(path);
}

int main(void)
{
    RUN(every_spelling_of_the_folder);
    RUN(names_that_lead_elsewhere);
    RUN(what_ends_like_a_folder);
    RUN(absolute_path);
    RUN(long_path);
    return CHECK_RESULT();
}
