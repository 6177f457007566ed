/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of files, as they are spelled. */
#ifndef PLATFORM_PATH_H
#define PLATFORM_PATH_H

#include "base/error.h"

#include <stdbool.h>

/* Finds whether a path leads below a folder in the working folder: *rest is what follows the folder, owned by the
   caller, with '/' between its parts, or NULL when it leads elsewhere. Spelling alone counts, no link is followed:
   "log.txt" for "./.periscope//log.txt" and for the absolute path, on Windows in any case of the folder's letters. The
   error's text is the reason alone. */
int os_path_below(char **rest, const char *path, const char *folder, struct error *err);

#endif
