/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names as they come over the wire, and as Windows wants them. Only for win32/. */
#ifndef WIN32_FILE_PATH_H
#define WIN32_FILE_PATH_H

#include "base/error.h"

#include <stdbool.h>
#include <wchar.h>

/* Makes the full path, owned by the caller (free()), with the prefix that lifts MAX_PATH where it is long. A device's
   name (CON, COM1, \\.\...) is refused as ERR_INVALID "Not a regular file" unless devices is set, and one that Windows
   can't have with the reason. */
int path_from(wchar_t **out, const char *utf8, bool devices, struct error *err);
/* Makes the full path of a folder that is there, as a process can have it for its own: without a prefix, and short. */
int path_of_working_folder(wchar_t **out, const char *utf8, struct error *err);
/* Returns the full path as Windows has it, a new text; NULL and the code. */
wchar_t *path_make_full(const wchar_t *name, unsigned long *code);
bool path_is_folder(const wchar_t *path);
/* Returns the length of the folder's part of a path, its last separator included. */
size_t path_folder_len(const wchar_t *path);
/* Finds the path of the running executable; owned by the caller. */
int path_of_self(wchar_t **out, struct error *err);

#endif
