/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The folder of a recording (docs/recording.md): its pictures, and the index that names them. Whoever calls has the rights of
 * the folder's owner. Error texts are the system's reason alone. */
#ifndef AGENT_RECORD_INDEX_H
#define AGENT_RECORD_INDEX_H

#include "base/format.h"
#include "platform/append.h"

#define INDEX_LINE_MAX 4096 /* bytes, with the newline */
#define INDEX_FILE_SIZE 16  /* bytes of a picture's name, with the NUL */

struct record_index {
    char *folder;            /* owned */
    struct os_append *lines; /* NULL: it could not be opened again after a failure */
    uint64_t size;           /* bytes of whole lines */
};

/* When something happened. */
struct record_time {
    int64_t boot_us, wall_us;
};
struct record_time record_now(void);

/* Makes the folder, which must not be there, and the index. */
int index_make(struct record_index *index, const char *folder, struct error *err);
/* Opens one again that another process has written, which has closed it: with the next line. */
int index_resume(struct record_index *index, const char *folder, uint64_t size, struct error *err);
void index_rest(struct record_index *index);   /* closes it until the next line */
void index_deinit(struct record_index *index); /* accepts a zeroed one */

/* Appends a line. A failure leaves the lines before it as they were. */
int index_add(struct record_index *index, const struct record_time *time, struct error *err, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* Brings its lines to the disk. */
int index_sync(struct record_index *index, struct error *err);
/* Writes the file of a picture; it is on the disk then. */
int index_store(const struct record_index *index, uint32_t number, const void *bytes, size_t len, struct error *err);
/* Says that a picture is dropped, and removes it once that is on the disk. */
int index_drop(struct record_index *index, uint32_t number, const char *why, struct error *err);

void index_file_name(char name[INDEX_FILE_SIZE], uint32_t number);

#endif
