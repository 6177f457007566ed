/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is at a path, without its content. Error texts are the OS's reason alone. */
#ifndef PLATFORM_NODE_H
#define PLATFORM_NODE_H

#include "platform/file.h"

enum os_node_type {
    OS_NODE_FILE,
    OS_NODE_FOLDER,
    OS_NODE_LINK, /* on Windows every reparse point that is none of a file's own data */
    OS_NODE_FIFO,
    OS_NODE_SOCKET,
    OS_NODE_DEVICE,
    OS_NODE_OTHER,
};

struct os_node {
    enum os_node_type type;
    uint64_t size;         /* bytes; 0 unless a file */
    uint32_t mode;         /* its permissions, 07777; on Windows 0666 or 0444, with 0111 for a folder */
    int64_t mtime_ns;      /* since 1970 UTC */
    uint64_t names;        /* hard links */
    uint32_t owner, group; /* ids; 0 on Windows */
    uint64_t device, id;   /* which file of the system it is */
};

#define OS_NODE_SAME UINT32_MAX     /* a mode that is left as it is */
#define OS_NODE_SAME_TIME INT64_MIN /* a time that is left as it is */
#define OS_NS 1000000000            /* of a second */

/* follow: what a link leads to, else the link. */
int os_node_look(struct os_node *node, const char *path, bool follow, struct error *err);
/* Of an open file. */
int os_node_of_file(struct os_node *node, struct os_file *file, struct error *err);
/* Returns "file", "folder" and so on. */
const char *os_node_type_name(enum os_node_type type);

#endif
