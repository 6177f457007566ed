/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an agent tells of a picture, "key=value" lines, for people and for programs. */
#ifndef HOST_CLI_FACTS_H
#define HOST_CLI_FACTS_H

#include "host/cli/cli.h"

/* The object "facts" of those that come once, and the arrays "warnings", "refused" and "planes". */
void facts_json(struct json *reply, const struct periscope_strings *facts);
/* Prints them, after making them printable; warnings, and with `beside` all of them, on standard error. */
void facts_print(struct cli *cli, struct periscope_strings *facts, bool beside);
/* Appends one. False, with nothing changed, without memory. */
bool facts_add(struct periscope_strings *facts, const char *format, ...) PRINTF_LIKE(2, 3);
/* The value when the fact has this key, else NULL. */
const char *fact_value(const char *fact, const char *key);

#endif
