/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/progress.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LABEL_LEAST 8 /* columns of a label that was cut */
#define BAR_LEAST 10  /* columns; a shorter bar is not readable */
#define BAR_MOST 40

void progress_bytes(char *out, size_t size, uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t unit = 0;
    double value = (double)bytes;
    /* 999.5 would be printed as 1000. */
    while (value >= 999.5) {
        value /= 1024;
        unit++;
    }
    snprintf(out, size, "%.*f %s", unit && value < 99.95 ? 1 : 0, value, units[unit]);
}

void progress_time(char *out, size_t size, int64_t ms)
{
    int64_t seconds = ms / 1000;
    if (seconds >= 100 * 3600)
        snprintf(out, size, "99 h+");
    else if (seconds >= 3600)
        snprintf(out, size, "%" PRId64 ":%02d:%02d", seconds / 3600, (int)(seconds / 60 % 60), (int)(seconds % 60));
    else
        snprintf(out, size, "%d:%02d", (int)(seconds / 60), (int)(seconds % 60));
}

/* Formats bytes, percentage, rate and remaining time, the last three if known. */
static void progress_figures(char *out, size_t size, const struct progress *p)
{
    char done[16], total[16], rate[16], left[16];
    bool known = p->total != PROGRESS_UNKNOWN;
    double per_ms = p->elapsed_ms > 0 ? (double)p->done / (double)p->elapsed_ms : 0;
    progress_bytes(done, sizeof done, p->done);
    progress_bytes(total, sizeof total, known ? p->total : 0);
    progress_bytes(rate, sizeof rate, (uint64_t)(per_ms * 1000));
    int len = known ? snprintf(out, size, "%s/%s", done, total) : snprintf(out, size, "%s", done);
    if (known)
        len += snprintf(out + len, size - (size_t)len, " %3d%%",
                        p->total ? (int)((double)p->done / (double)p->total * 100) : 100);
    if (per_ms > 0)
        len += snprintf(out + len, size - (size_t)len, " %s/s", rate);
    if (known && per_ms > 0 && p->done < p->total) {
        double ms = (double)(p->total - p->done) / per_ms;
        progress_time(left, sizeof left, ms < 1e15 ? (int64_t)ms : INT64_MAX);
        snprintf(out + len, size - (size_t)len, " %s left", left);
    }
}

/* Writes the last `columns` characters of the label, since it is usually a path, whose end is most specific. Bytes that
   are not printable ASCII become '?' and take one column each, so that the line has its width on any terminal. */
static int progress_put_label(char *out, const char *label, int columns)
{
    size_t len = strlen(label);
    bool cut = len > (size_t)columns;
    const char *from = cut ? label + len - (size_t)columns : label;
    int n = 0;
    for (; *from; from++)
        out[n++] = *from >= 0x20 && *from < 0x7f ? *from : '?';
    if (cut && columns > 3)
        memcpy(out, "...", 3);
    out[n] = '\0';
    return n;
}

static void progress_put_bar(char *out, int columns, const struct progress *p)
{
    int inner = columns - 2;
    int full = p->total ? (int)((double)p->done / (double)p->total * inner) : inner;
    out[0] = '[';
    for (int i = 0; i < inner; i++)
        out[1 + i] = i < full ? '#' : '-';
    out[1 + inner] = ']';
    out[columns] = '\0';
}

void progress_line(char out[PROGRESS_SIZE], int columns, const struct progress *p)
{
    char right[128];
    if (columns > PROGRESS_SIZE - 1)
        columns = PROGRESS_SIZE - 1;
    *out = '\0';
    progress_figures(right, sizeof right, p);
    int room = columns - (int)strlen(right);
    if (room < 0) {
        snprintf(out, (size_t)columns + 1, "%s", right);
        return;
    }
    int len = 0;
    int wanted = (int)strlen(p->label) + 1;
    if (wanted <= room || room > LABEL_LEAST) {
        len = progress_put_label(out, p->label, (wanted <= room ? wanted : room) - 1);
        out[len++] = ' ';
    }
    len += snprintf(out + len, PROGRESS_SIZE - (size_t)len, "%s", right);
    int bar = columns - len - 1;
    if (p->total == PROGRESS_UNKNOWN || bar < BAR_LEAST)
        return;
    out[len++] = ' ';
    progress_put_bar(out + len, bar > BAR_MOST ? BAR_MOST : bar, p);
}
