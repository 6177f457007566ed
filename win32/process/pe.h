/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which DLLs an executable needs before it can start, from its file's bytes alone. Layout: Microsoft's "PE Format". */
#ifndef WIN32_PROCESS_PE_H
#define WIN32_PROCESS_PE_H

#include "base/error.h"
#include "base/strlist.h"

#include <stdint.h>

#define PE_SECTIONS_MAX 96  /* Windows' own bound */
#define PE_IMPORTS_MAX 1024 /* DLLs */
#define PE_NAME_MAX 260     /* bytes of a DLL's name, with its NUL */

/* The file: who has it gives the bytes. */
struct pe_file {
    /* False unless all len bytes are there. */
    bool (*read)(struct pe_file *file, uint64_t offset, void *bytes, size_t len);
};

/* Adds the names as they stand in the import table; none is empty, longer than PE_NAME_MAX or has a control character.
   *bits is 32 or 64. ERR_INVALID when it is no such file or a broken one. */
int pe_imports(struct pe_file *file, struct strlist *names, int *bits, struct error *err);

#endif
