/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's graphics cards: what they are, their state since the boot, and what happens to them, as events. */
#ifndef AGENT_GPU_GPUS_H
#define AGENT_GPU_GPUS_H

#include "base/error.h"
#include "base/strlist.h"
#include "platform/gpu.h"

/* Starts to watch. On failure nothing is watched; the properties say so. Once, after events_init(). */
void gpus_start(const struct strlist *card_classes);
/* Adds "gpu.count=" and the "gpu.N.*" of docs/protocol.md. */
void gpus_add_properties(struct strlist *facts);

/* Takes a report into account: the card's state, and an event. Any thread. */
void gpus_take(const struct os_gpu_report *report);

#define GPU_DUMP_PATH_SIZE 512
/* Finds the path of a dump's file by its virtual name ("gpu-dump-..."). Returns false for any other name. */
bool gpus_dump_path(const char *name, char path[GPU_DUMP_PATH_SIZE]);

#endif
