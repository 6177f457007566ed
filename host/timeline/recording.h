/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the index of a recording (docs/recording.md). Memory in, memory out: names and texts are borrowed from the bytes
 * of the index, which may be anybody's.
 */
#ifndef HOST_TIMELINE_RECORDING_H
#define HOST_TIMELINE_RECORDING_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define RECORDING_INDEX_MAX (256u << 20) /* bytes */
#define RECORDING_ENTRIES_MAX (1u << 20)
#define RECORDING_NAME_SIZE 32 /* bytes of a picture's file name with its NUL */

enum recording_kind {
    RECORDING_START,
    RECORDING_PICTURE, /* the screen shows a picture that was not seen before, whole or as a part */
    RECORDING_SAME,    /* the screen shows an earlier picture again */
    RECORDING_EVENT,
    RECORDING_INPUT,
    RECORDING_FAIL,
    RECORDING_DROPPED,
    RECORDING_STOP,
    RECORDING_OTHER, /* of a later version */
};

struct recording_entry {
    enum recording_kind kind;
    uint32_t picture;  /* index in pictures, for those that name one */
    int64_t at_us;     /* since the first entry */
    int64_t wall_us;   /* since 1970, by a clock that may jump */
    struct slice text; /* what follows the kind */
    uint32_t order;    /* of its line */
};

struct recording_picture {
    uint64_t number;
    uint32_t width, height; /* of the screen */
    struct slice file;      /* a plain name in the recording's folder */
    int64_t base;           /* index of the picture that this one changes; -1: none, and the file is the whole screen */
    uint32_t x, y, w, h;    /* of the file on the screen */
    bool dropped;           /* its file was removed */
};

/* A boot of the guest. */
struct recording_boot {
    int64_t at_us, mono_us, wall_us; /* of its first entry */
};

struct recording {
    struct recording_entry *entries; /* owned; by time */
    size_t entry_count;
    struct recording_picture *pictures; /* owned; their base comes before them and has none */
    size_t picture_count;
    struct recording_boot *boots; /* owned; never empty */
    size_t boot_count;
    size_t cut; /* bytes behind the last good line */
};

/* Reads all lines up to the first that is bad. ERR_INVALID if the first one is, ERR_LIMIT, ERR_NO_MEMORY. */
int recording_read(struct recording *out, struct slice index, struct error *err);
void recording_free(struct recording *recording); /* accepts a zeroed one */

/* Returns the value of "NAME=VALUE" among the words of a text; empty when there is none. */
struct slice recording_fact(struct slice text, const char *name);

/* Returns when something was, by the recording's count. mono_us: by the guest's clock of one of its boots, or by another
   machine's, which is found out by the difference to wall_us. */
int64_t recording_when(const struct recording *recording, int64_t mono_us, int64_t wall_us);

#endif
