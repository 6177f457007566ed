/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what Windows tells of a file. Only for win32/. */
#ifndef WIN32_FILE_NODE_H
#define WIN32_FILE_NODE_H

#include "platform/node.h"

#include <windows.h>

/* Nanoseconds since 1970 of a time of Windows, hundreds of them since 1601. */
int64_t node_time(const FILETIME *time);
uint32_t node_mode(DWORD attributes);
enum os_node_type node_type_of(DWORD attributes);
/* Of an open handle. 0, or the code of the failure. */
DWORD node_from_handle(struct os_node *node, HANDLE handle);
/* Sets those of mode and time that are to be set. Of the mode Windows has whether anybody may write. */
DWORD node_set(HANDLE handle, uint32_t mode, int64_t mtime_ns);

#endif
