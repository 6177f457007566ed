/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/away.h"

#include "host/cli/progress.h"
#include "platform/terminal.h"

#include <stdio.h>

#define AWAY_UNSEEN_MS 3000 /* an agent that restarts is sooner back: nobody needs to know */
#define AWAY_LINE_SIZE 512
#define AWAY_TIME_SIZE 16

static bool away_shown; /* a line is there, or was printed */

/* Draws a line in place, as that of a transfer is drawn. \r moves to its start, ESC [ K clears from the cursor on. */
static void away_draw(const struct cli *cli, int columns, int ms, int limit_ms)
{
    char line[AWAY_LINE_SIZE], time[AWAY_TIME_SIZE], limit[AWAY_TIME_SIZE];
    progress_time(time, sizeof time, ms);
    progress_time(limit, sizeof limit, limit_ms);
    snprintf(line, sizeof line, "%s of %s: %s does not answer", time, limit, cli->target);
    fprintf(stderr, "\r%.*s\033[K", columns - 1, line);
    fflush(stderr);
}

/* Shows for how long the guest has not answered: on a terminal as time passes, else once. */
static void away_tell(void *context, int ms, int limit_ms, bool over)
{
    struct cli *cli = context;
    int columns = os_terminal_width();
    if (over) {
        if (away_shown && columns > 1)
            fputs("\r\033[K", stderr);
        away_shown = false;
    } else if (ms >= AWAY_UNSEEN_MS && !cli->quiet) {
        if (columns > 1)
            away_draw(cli, columns, ms, limit_ms);
        else if (!away_shown)
            cli_note(cli, "%s does not answer: it is waited for, %g s at most", cli->target, limit_ms / 1000.0);
        away_shown = true;
    }
}

int away_take(struct cli *cli, int *limit_ms)
{
    const char *text = cli_option(cli, "away-limit");
    *limit_ms = AWAY_LIMIT_MS;
    return !text || cli_seconds(cli, "--away-limit", text, limit_ms) ? CLI_OK : CLI_USAGE;
}

void away_show(struct cli *cli, int limit_ms)
{
    periscope_set_away(cli->periscope, limit_ms, away_tell, cli);
}

int away_begin(struct cli *cli)
{
    int limit_ms;
    int exit_status = away_take(cli, &limit_ms);
    away_show(cli, limit_ms);
    return exit_status;
}
