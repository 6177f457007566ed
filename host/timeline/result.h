/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the folder of a result, as `periscope test --record` and `periscope record` leave it: the recording, and the report
   with the times of its lines. */
#ifndef HOST_TIMELINE_RESULT_H
#define HOST_TIMELINE_RESULT_H

#include "host/timeline/recording.h"

#include "base/buffer.h"
#include "base/error.h"
#include "base/strlist.h"
#include "host/periscope_winetest.h"

#define RESULT_REPORT_MAX (64u << 20) /* bytes of a report that are read */
#define RESULT_LINES_MAX (2u << 20)
#define RESULT_PICTURE_MAX (64u << 20) /* bytes of a picture's file */

/* What a line of the report tells. The letters are for the page. */
enum result_mark {
    RESULT_PLAIN = 0,
    RESULT_FAILURE = 'f', /* of a check, a crash, or of a unit as a whole */
    RESULT_TODO = 't',
    RESULT_SKIPPED = 's',
    RESULT_SUMMARY = 'm',
    RESULT_FRAME = 'u', /* a unit starts or is done */
};

struct result_line {
    size_t offset, len; /* of the report; without the line's end */
    int64_t at_us;      /* by the recording's count; 0 where the times are not known */
    char mark;
};

/* Why a unit as a whole is a failure. */
struct result_note {
    size_t line; /* index of the line that tells of the unit's end */
    char *text;  /* owned: "kernel32:atom: timed out" */
};

struct result {
    const char *folder;   /* borrowed */
    const char *pictures; /* the folder of the recording below it: "recording/" or "" */
    struct buffer index;  /* of the recording */
    struct recording recording;
    struct buffer report;      /* empty: there is none */
    struct result_line *lines; /* owned */
    size_t line_count, failure_count;
    struct result_note *notes; /* owned; in order */
    size_t note_count;
    bool timed;      /* the times of the lines are known */
    bool report_cut; /* there is more of it */
    struct strlist warnings;
};

/* Reads all but the pictures. The error names the file. */
int result_read(struct result *out, const char *folder, struct error *err);
void result_free(struct result *result); /* accepts a zeroed one */

/* Reads a file of the folder; ERR_LIMIT if it has more than the buffer may hold. */
int result_read_file(const struct result *result, const char *name, struct buffer *out, struct error *err);

/* Reads a picture's file and checks that it is a PNG of the size that the index says. */
int result_read_picture(const struct result *result, size_t picture, struct buffer *out, struct error *err);

/* Makes the whole picture as a PNG, of the parts if it is one. */
int result_whole_picture(const struct result *result, size_t picture, struct buffer *out, struct error *err);

/* Makes its pixels, RGB24 without padding, which the caller frees. */
int result_pixels(const struct result *result, size_t picture, uint8_t **pixels, struct error *err);

/* Returns the note on a line, or NULL. */
const char *result_note_of(const struct result *result, size_t line);

/* Returns what the screen shows at a time: a picture's index, or -1 where it is not known. */
int64_t result_shown(const struct result *result, int64_t at_us);

#endif
