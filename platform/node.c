/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/node.h"

const char *os_node_type_name(enum os_node_type type)
{
    static const char *const names[] = {
        [OS_NODE_FILE] = "file",     [OS_NODE_FOLDER] = "folder", [OS_NODE_LINK] = "link",   [OS_NODE_FIFO] = "fifo",
        [OS_NODE_SOCKET] = "socket", [OS_NODE_DEVICE] = "device", [OS_NODE_OTHER] = "other",
    };
    return names[type];
}
