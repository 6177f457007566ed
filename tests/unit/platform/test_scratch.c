/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/scratch.h"
#include "platform/file.h"
#include "tests/unit/check.h"

#include <stdlib.h>

static struct error err;

static bool is_there(const char *path, uint64_t *size)
{
    struct os_file *file;
    if (os_file_open(&file, path, size, &err))
        return false;
    os_file_close(file);
    return true;
}

static void another_may_write_it(void)
{
    char *path;
    uint64_t size = 1;
    CHECK_INT(os_scratch_make(&path, &err), 0);
    CHECK(is_there(path, &size));
    CHECK_INT(size, 0);
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    if (file) {
        fputs("abc", file);
        fclose(file);
    }
    CHECK(is_there(path, &size));
    CHECK_INT(size, 3);
    char *name = strdup(path);
    os_scratch_remove(path);
    CHECK(!is_there(name, &size));
    free(name);
}

static void each_has_its_own_name(void)
{
    char *one, *other;
    CHECK_INT(os_scratch_make(&one, &err), 0);
    CHECK_INT(os_scratch_make(&other, &err), 0);
    CHECK(strcmp(one, other) != 0);
    os_scratch_remove(one);
    os_scratch_remove(other);
    os_scratch_remove(NULL);
}

int main(void)
{
    RUN(another_may_write_it);
    RUN(each_has_its_own_name);
    return CHECK_RESULT();
}
