/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file of options: lines "name = value", named as on the command line. Empty lines and those that begin with '#' count
 * for nothing. Of an option that is there twice the last one counts, but each `allow` adds one. */
#ifndef AGENT_CONFIG_H
#define AGENT_CONFIG_H

#include "agent/options.h"

#define CONFIG_SIZE_MAX 65536 /* bytes */

/* Sets what the file says; the options own its text from then on. ERR_INVALID with one line that names file and line. */
int config_read(struct options *options, const char *path, struct error *err);

#endif
