/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what stat(2) tells. Only for linux/. */
#ifndef LINUX_FILE_NODE_H
#define LINUX_FILE_NODE_H

#include "platform/node.h"

#include <sys/stat.h>
#include <time.h>

void node_from_stat(struct os_node *node, const struct stat *info);
/* Sets those of mode and time that are to be set; returns 0 or the errno. */
int node_set(int fd, uint32_t mode, int64_t mtime_ns);

#endif
