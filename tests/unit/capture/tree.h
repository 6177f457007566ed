/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder of a test's own with files like those of /proc and /sys in it. */
#ifndef TEST_CAPTURE_TREE_H
#define TEST_CAPTURE_TREE_H

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char tree_root[64];

static int tree_remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info, (void)type, (void)walk;
    return remove(path);
}

static void tree_end(void)
{
    if (tree_root[0])
        nftw(tree_root, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    tree_root[0] = 0;
}

/* An empty one in place of the last. */
static void tree_begin(void)
{
    tree_end();
    strcpy(tree_root, "/tmp/periscope-test-tree.XXXXXX");
    if (!mkdtemp(tree_root))
        exit(1);
}

/* The path of a file in it, whose folders are made. Valid until the next call. */
static const char *tree_path(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *tree_path(const char *format, ...)
{
    static char path[256];
    size_t len = (size_t)snprintf(path, sizeof path, "%s/", tree_root);
    va_list args;
    va_start(args, format);
    vsnprintf(path + len, sizeof path - len, format, args);
    va_end(args);
    for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        mkdir(path, 0700);
        *slash = '/';
    }
    return path;
}

/* Appends to a file. */
static inline void tree_put(const char *path, const void *bytes, size_t len)
{
    FILE *file = fopen(path, "a");
    if (!file || fwrite(bytes, 1, len, file) != len || fclose(file) != 0)
        exit(1);
}

static inline void tree_put_text(const char *path, const char *text)
{
    tree_put(path, text, strlen(text));
}

static inline void tree_link(const char *path, const char *target)
{
    if (symlink(target, path) != 0)
        exit(1);
}

#endif
