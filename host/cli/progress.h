/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Formats the line of a progress bar. Pure. */
#ifndef HOST_CLI_PROGRESS_H
#define HOST_CLI_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

#define PROGRESS_SIZE 1024 /* bytes of a line with its NUL */
#define PROGRESS_UNKNOWN UINT64_MAX

struct progress {
    const char *label;    /* borrowed */
    uint64_t done, total; /* bytes; total may be PROGRESS_UNKNOWN */
    int64_t elapsed_ms;
};

/* Formats a size, "1.5 MiB": at most four digits and 9 characters. */
void progress_bytes(char *out, size_t size, uint64_t bytes);
/* Formats a time, "0:07", "1:02:03" or "99 h+". */
void progress_time(char *out, size_t size, int64_t ms);
/* Formats a line of at most `columns` characters, without control characters or a newline: label, bytes, percentage,
   rate, remaining time and a bar. Parts that do not fit are omitted. */
void progress_line(char out[PROGRESS_SIZE], int columns, const struct progress *progress);

#endif
