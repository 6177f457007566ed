/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* imports.exe FILE...: the bits of each, and the DLLs that it needs to start. */
#include "win32/process/pe.h"

#include <stdio.h>

struct file {
    struct pe_file base;
    FILE *stream;
};

static bool read_file(struct pe_file *file, uint64_t offset, void *bytes, size_t len)
{
    FILE *stream = ((struct file *)file)->stream;
    return fseek(stream, (long)offset, SEEK_SET) == 0 && fread(bytes, 1, len, stream) == len;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct strlist names = {0};
        struct error err = {0};
        int bits = 0;
        struct file file = {{read_file}, fopen(argv[i], "rb")};
        if (!file.stream)
            return 1;
        if (pe_imports(&file.base, &names, &bits, &err))
            printf("%s\n", err.text);
        printf("%d", bits);
        for (size_t j = 0; j < names.count; j++)
            printf(" %s", names.items[j]);
        puts("");
        strlist_deinit(&names);
        fclose(file.stream);
    }
    return 0;
}
