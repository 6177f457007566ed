/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The line of a progress bar. Pure. */
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

/* "1.5 MiB": three digits or four, always at most 9 characters. */
void progress_bytes(char *out, size_t size, uint64_t bytes);
/* "0:07", "1:02:03", "99 h+". */
void progress_time(char *out, size_t size, int64_t ms);
/* A line of at most `columns` characters, without control characters or a newline: label, bytes, share, rate,
   time left and a bar, of which those fall away for which there is no room. */
void progress_line(char out[PROGRESS_SIZE], int columns, const struct progress *progress);

#endif
