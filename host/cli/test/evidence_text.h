/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads an agent's evidence of a program that does not end: the virtual file evidence-PID.txt (docs/protocol.md). The
   bytes come from a guest and may have any value. Memory in, memory out. */
#ifndef HOST_CLI_TEST_EVIDENCE_TEXT_H
#define HOST_CLI_TEST_EVIDENCE_TEXT_H

#include "base/strlist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evidence {
    char *summary;   /* owned: what the program seems to wait for: "dialog 'Program Error' from kernel32_test.exe" */
    char *says;      /* owned: the dialog's text, in one line; NULL: there is no dialog or no text */
    bool has_window; /* it is a window that it seems to wait in */
};

/* Reads the evidence. Returns false without memory. */
bool evidence_read(const char *text, struct evidence *out);
void evidence_deinit(struct evidence *evidence); /* accepts a zeroed one; leaves it zeroed */

/* Lists the processes to make minidumps of, the oldest entries first, at most max. Returns their number. Programs that
   report a crash, such as the system's own dialogs for it, are omitted. */
size_t evidence_processes(const char *text, uint64_t *pids, size_t max);

/* Adds "PID NAME" of each process. */
void evidence_list_processes(const char *text, struct strlist *out);
/* Copies the agent's reason, at most size bytes with the NUL, if it could not see all processes. */
bool evidence_unseen(const char *text, char *why, size_t size);

#endif
