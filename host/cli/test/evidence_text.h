/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads what an agent tells of a program that does not end: the virtual file evidence-PID.txt (docs/protocol.md). The
   bytes come from a guest and may be anything. Memory in, memory out. */
#ifndef HOST_CLI_TEST_EVIDENCE_TEXT_H
#define HOST_CLI_TEST_EVIDENCE_TEXT_H

#include "base/strlist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evidence {
    char *summary; /* owned: what it seems to wait for: "dialog 'Program Error' from kernel32_test.exe" */
    char *says;    /* owned: what the dialog says, in one line; NULL: there is none, or nothing on it */
};

/* False without memory. */
bool evidence_read(const char *text, struct evidence *out);
void evidence_deinit(struct evidence *evidence); /* accepts a zeroed one; leaves it zeroed */

/* The processes that a debugger would want to see, the oldest entries first, at most max; their number. Those that tell
   of a crash, as the system's own dialogs for it, are left out. */
size_t evidence_processes(const char *text, uint64_t *pids, size_t max);

/* "PID NAME" of each. */
void evidence_list_processes(const char *text, struct strlist *out);

#endif
