/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Draws the progress bar over itself, on a terminal only, and wipes it away at the end. */
#include "host/cli/cli.h"
#include "host/cli/progress.h"

#include "platform/clock.h"
#include "platform/terminal.h"

#include <stdio.h>

#define QUIET_MS 300 /* what is done by then needs no bar */

static struct {
    const char *label;
    int64_t start_ms;
    uint64_t last;
    bool drawn;
} meter;

/* To the start of the line, what is to be there, and nothing after it (ECMA-48 EL). */
static bool draw(void *context, uint64_t done, uint64_t total)
{
    (void)context;
    char line[PROGRESS_SIZE];
    int columns = os_terminal_width();
    /* A transfer that was begun anew is measured anew. */
    if (done < meter.last)
        meter.start_ms = os_clock_ms();
    meter.last = done;
    struct progress progress = {meter.label, done, total, os_clock_ms() - meter.start_ms};
    if (columns < 2 || (!meter.drawn && progress.elapsed_ms < QUIET_MS))
        return true;
    /* The last column is left free: some terminals go to the next line with it. */
    progress_line(line, columns - 1, &progress);
    fprintf(stderr, "\r%s\033[K", line);
    fflush(stderr);
    meter.drawn = true;
    return true;
}

void cli_progress_begin(struct cli *cli, const char *label)
{
    if (cli->quiet || os_terminal_width() == 0)
        return;
    meter.label = label;
    meter.start_ms = os_clock_ms();
    meter.last = 0;
    meter.drawn = false;
    periscope_set_progress(cli->periscope, draw, NULL);
}

void cli_progress_end(struct cli *cli)
{
    periscope_set_progress(cli->periscope, NULL, NULL);
    if (meter.drawn)
        fputs("\r\033[K", stderr);
    fflush(stderr);
    meter.drawn = false;
}
