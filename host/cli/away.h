/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest that does not answer for a while: it is suspended, or boots. How long it is waited for, and that it is. */
#ifndef HOST_CLI_AWAY_H
#define HOST_CLI_AWAY_H

#include "host/cli/cli.h"

#define AWAY_LIMIT_MS 180000 /* fits a cold boot whose firmware has to set up a graphics card */

/* The entry of a verb's option list. (A formatter would treat it as a block.) */
/* clang-format off */
#define AWAY_OPTION {"away-limit", 0, "SECONDS", "how long a guest that does not answer is waited for (180)"}
/* clang-format on */

/* Reads the option. Returns CLI_OK, or the exit status of wrong usage that was reported. */
int away_take(struct cli *cli, int *limit_ms);
/* Sets it for cli->periscope, as periscope_set_away() does, with a line on standard error while a guest is away. */
void away_show(struct cli *cli, int limit_ms);
/* Does both. Returns as away_take(). */
int away_begin(struct cli *cli);

#endif
