/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names that Windows can't have, or has for devices: it changes some of them without a word, and refuses others only
   once a file is to get them. Only for win32/. */
#ifndef WIN32_FILE_PATH_NAME_H
#define WIN32_FILE_PATH_NAME_H

#include "base/error.h"

#include <stdbool.h>
#include <wchar.h>

#define PATH_CHARACTERS_MAX 32750 /* of a path, with room for the prefix of long ones below Windows' own bound */

/* Checks each name of a path as it came. A device's (CON, COM1.txt) is ERR_INVALID "Not a regular file" unless devices
   is set. */
int path_check_names(const wchar_t *path, bool devices, struct error *err);

#endif
