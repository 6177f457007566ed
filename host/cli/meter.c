/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Draws the progress bar in place, only on a terminal, and clears it at the end. */
#include "host/cli/cli.h"
#include "host/cli/progress.h"

#include "platform/clock.h"
#include "platform/terminal.h"

#include <stdio.h>

#define SIZE_TEXT 16  /* bytes of "999 MiB" */
#define UNSEEN_MS 300 /* a transfer that takes less needs no bar */

static struct {
    const char *label;
    int64_t start_ms;
    uint64_t done;
    bool draws, drawn;
} meter;

/* Draws the bar over the last one. \r moves to the start of the line; ESC [ K clears from the cursor on (ECMA-48). */
static void meter_draw(uint64_t total)
{
    char line[PROGRESS_SIZE];
    int columns = os_terminal_width();
    struct progress progress = {meter.label, meter.done, total, os_clock_ms() - meter.start_ms};
    if (columns < 2 || (!meter.drawn && progress.elapsed_ms < UNSEEN_MS))
        return;
    /* The last column stays empty: some terminals wrap after it. */
    progress_line(line, columns - 1, &progress);
    fprintf(stderr, "\r%s\033[K", line);
    fflush(stderr);
    meter.drawn = true;
}

static bool meter_update(void *context, uint64_t done, uint64_t total)
{
    (void)context;
    /* A transfer that starts again is measured again. */
    if (done < meter.done)
        meter.start_ms = os_clock_ms();
    meter.done = done;
    if (meter.draws)
        meter_draw(total);
    return true;
}

void cli_progress_begin(struct cli *cli, const char *label)
{
    meter.label = label;
    meter.start_ms = os_clock_ms();
    meter.done = 0;
    meter.drawn = false;
    meter.draws = !cli->quiet && os_terminal_width() > 0;
    periscope_set_progress(cli->periscope, meter_update, NULL);
}

void cli_progress_end(struct cli *cli)
{
    periscope_set_progress(cli->periscope, NULL, NULL);
    if (meter.drawn)
        fputs("\r\033[K", stderr);
    fflush(stderr);
    meter.drawn = false;
    json_number(&cli->reply, "bytes", meter.done);
    json_decimal(&cli->reply, "seconds", (double)(os_clock_ms() - meter.start_ms) / 1000);
}

int cli_did_transfer(struct cli *cli, const char *what)
{
    char size[SIZE_TEXT], time[CLI_TIME_SIZE];
    progress_bytes(size, sizeof size, meter.done);
    return cli_did(cli, "%s: %s, %s", what, size, cli_elapsed(cli, time));
}
