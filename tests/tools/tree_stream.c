/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packs a folder to standard output, or unpacks standard input into one: tree_stream pack|unpack FOLDER [STEP]. STEP
 * bytes are read or taken at a time. Notes go to standard error. */
#include "platform/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct error err;

static int fail(void)
{
    fprintf(stderr, "error: %s\n", err.text);
    return 1;
}

static void print_notes(const struct os_tree_notes *notes)
{
    for (size_t i = 0; i < notes->texts.count; i++)
        fprintf(stderr, "note: %s\n", notes->texts.items[i]);
    fprintf(stderr, "notes: %llu\n", (unsigned long long)notes->count);
}

static int pack(const char *folder, char *bytes, size_t step)
{
    struct os_pack *tree;
    int got;
    if (os_pack_begin(&tree, folder, NULL, NULL, &err))
        return fail();
    while ((got = os_pack_read(tree, bytes, step, &err)) > 0)
        fwrite(bytes, 1, (size_t)got, stdout);
    print_notes(os_pack_notes(tree));
    os_pack_end(tree);
    return got < 0 ? fail() : 0;
}

static int unpack(const char *folder, char *bytes, size_t step)
{
    struct os_unpack *tree;
    size_t got;
    int status = 0;
    if (os_unpack_begin(&tree, folder, &err))
        return fail();
    while (status == 0 && (got = fread(bytes, 1, step, stdin)) > 0)
        status = os_unpack_write(tree, bytes, got, &err);
    if (status == 0)
        status = os_unpack_finish(tree, &err);
    print_notes(os_unpack_notes(tree));
    os_unpack_end(tree);
    return status ? fail() : 0;
}

int main(int argc, char **argv)
{
    size_t step = argc > 3 ? strtoul(argv[3], NULL, 10) : 65536;
    char *bytes = malloc(step);
    if (argc < 3 || !bytes)
        return 2;
    int status = strcmp(argv[1], "pack") == 0 ? pack(argv[2], bytes, step) : unpack(argv[2], bytes, step);
    free(bytes);
    return status;
}
