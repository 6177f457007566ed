/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dumps of a card's state that its driver has made (devcoredump). The kernel keeps a device's first one, for 5 minutes, and
   no other until it is released. */
#ifndef LINUX_GPU_DEVCOREDUMP_H
#define LINUX_GPU_DEVCOREDUMP_H

#include "platform/gpu.h"

/* Copies the dumps of graphics cards that are there, and releases each when it is on the disk, in a thread of its own: one
   may be hundreds of megabytes. Never blocks. */
void devcoredump_look(const struct os_gpu_watcher *watcher);

#endif
