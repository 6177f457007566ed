/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a recording is to be. */
#ifndef AGENT_RECORD_WANTED_H
#define AGENT_RECORD_WANTED_H

#include "base/strlist.h"

#include <stdint.h>

#define RECORDINGS_MAX 4 /* at once */

struct recording_wanted {
    const char *folder; /* borrowed; NULL: a new name in `own` */
    char *own;     /* owned: the folder of the agent's own recordings; NULL: it has none, the working folder then */
    uint64_t rate; /* pictures a second at most */
    uint64_t bytes, files;  /* at most, the index included */
    struct strlist options; /* owned: of the worker (agent/worker/record.h) */
};

#endif
