/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An agent's facts about a picture, "key=value" lines, printed for people and as JSON. */
#ifndef HOST_CLI_FACTS_H
#define HOST_CLI_FACTS_H

#include "host/cli/cli.h"

/* Adds the object "facts" with those that occur once, and the arrays "warnings", "refused" and "planes". */
void facts_json(struct json *reply, const struct periscope_strings *facts);
/* Makes the facts printable and prints warnings, the facts with the key `result` (NULL: none), or without any of them the
   reasons for that, and all facts with --verbose. Warnings, and with `on_stderr` all facts, go to standard error. */
void facts_print(struct cli *cli, struct periscope_strings *facts, const char *result, bool on_stderr);
/* Appends a fact. Returns false, with nothing changed, without memory. */
bool facts_add(struct periscope_strings *facts, const char *format, ...) PRINTF_LIKE(2, 3);
/* Returns the value if the fact has this key, else NULL. */
const char *fact_value(const char *fact, const char *key);

#endif
