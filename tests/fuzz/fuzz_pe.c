/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An executable for Windows of any bytes. The names of DLLs must be among the bytes, with a NUL behind them. */
#include "win32/process/pe.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct memory {
    struct pe_file base;
    const uint8_t *data;
    size_t size;
};

static bool read_memory(struct pe_file *file, uint64_t offset, void *bytes, size_t len)
{
    const struct memory *memory = (const struct memory *)file;
    if (offset > memory->size || len > memory->size - offset)
        return false;
    memcpy(bytes, memory->data + offset, len);
    return true;
}

static void require(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct memory memory = {{read_memory}, data, size};
    struct strlist names = {0};
    struct error err = {0};
    int bits = 0;
    int status = pe_imports(&memory.base, &names, &bits, &err);
    require((status == 0) == (err.text[0] == 0));
    require(status != 0 || bits == 32 || bits == 64);
    require(names.count <= PE_IMPORTS_MAX);
    for (size_t i = 0; i < names.count; i++) {
        size_t len = strlen(names.items[i]);
        require(len > 0 && len < PE_NAME_MAX && memmem(data, size, names.items[i], len + 1) != NULL);
    }
    strlist_deinit(&names);
    return 0;
}
