/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where recordings lie that no host has named a folder for: in the agent's own folder, which no test may read. Hosts reach them
 * as .periscope/recordings/ID/FILE. Whoever calls has the agent's rights. Any thread. */
#ifndef AGENT_RECORD_PLACE_H
#define AGENT_RECORD_PLACE_H

#include "base/error.h"
#include "base/strlist.h"

#include <stdbool.h>
#include <stdint.h>

#define PLACE_NAME "recordings"
#define PLACE_KEPT 16 /* recordings; one more removes the oldest */
/* Of all: what those that have stopped have, and what the others may have. */
#define PLACE_BYTES (UINT64_C(2) << 30)
#define PLACE_ID_SIZE 17  /* bytes of an id with its NUL */
#define PLACE_FILE_MAX 24 /* bytes of a file's name */

void place_write_id(char id[PLACE_ID_SIZE], uint64_t number);
bool place_is_id(const char *name);

/* Makes the folder of all recordings in `own`, the agent's, and checks that nobody else may use it; *folder is owned by the
   caller. run_as: as for os_own_folder_make(). */
int place_make(char **folder, const char *own, const char *run_as, struct error *err);
/* Finds what a host calls .periscope/NAME: "recordings", "recordings/ID" or "recordings/ID/FILE". *path is owned by the caller;
   NULL for any other name. own: "" for none, which is ERR_NOT_FOUND. */
int place_find(char **path, const char *own, const char *name, struct error *err);
/* Removes the oldest recordings until another one may begin. in_use: ids that stay; reserved: bytes that those and the new one may
   have. ERR_LIMIT where that alone is too much. */
int place_make_room(const char *folder, const struct strlist *in_use, uint64_t reserved, struct error *err);

#endif
