/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A configuration file: lines "name = value". Empty lines and those that begin with '#' are ignored. */
#ifndef PLATFORM_CONFIG_H
#define PLATFORM_CONFIG_H

#include "base/error.h"

#define CONFIG_SIZE_MAX 65536 /* bytes */

/* Sets one option; name and value are borrowed from the text. Returns a negative status with *err set on failure. */
typedef int config_setter(void *context, const char *name, const char *value, struct error *err);

/* Reads the file and calls `set` for each of its lines, in their order. *text holds the names and values from then on,
   also after a failure; the caller frees it. ERR_INVALID with one line that names file and line. */
int config_read(const char *path, char **text, config_setter *set, void *context, struct error *err);

#endif
