/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tar streams, POSIX's pax format: memory in, memory out. Names are bytes. What is written is read by every tar of today;
 * read are also the long names and large numbers of GNU tar.
 *
 * Facts: POSIX.1-2008, pax, "ustar Interchange Format" and "pax Header Block"; tar(5) of FreeBSD.
 */
#ifndef BASE_TAR_H
#define BASE_TAR_H

#include "base/buffer.h"
#include "base/error.h"

#define TAR_BLOCK 512u           /* bytes */
#define TAR_NAME_MAX 32768u      /* bytes of a path or a link's target, with its NUL */
#define TAR_EXTENDED_MAX 131072u /* bytes of the extended header of an entry */
#define TAR_NS INT64_C(1000000000)

enum tar_type { TAR_FILE = '0', TAR_HARD_LINK = '1', TAR_LINK = '2', TAR_FOLDER = '5' };

struct tar_entry {
    char type; /* one of those, or another that was read */
    char *path,
        *target;      /* a link's; "" else. While it is written both are borrowed; one that was read is the reader's */
    uint64_t size;    /* bytes that follow */
    uint32_t mode;    /* 07777 */
    int64_t mtime_ns; /* since 1970 */
};

/* Appends the entry's header, one block or several. The content follows, and zeroes up to a whole block. */
void tar_write(struct buffer *out, const struct tar_entry *entry);
/* Returns the number of those zeroes. */
size_t tar_padding(uint64_t size);
void tar_write_end(struct buffer *out);

enum tar_event {
    TAR_MORE,    /* all bytes are consumed */
    TAR_ENTRY,   /* reader->entry is whole */
    TAR_CONTENT, /* reader->content is a part of its content, borrowed from the bytes */
    TAR_DONE,    /* of that entry; also of one without content */
    TAR_END,     /* of the stream: what follows is ignored */
};

struct tar_reader {
    struct tar_entry entry; /* its texts are owned */
    struct slice content;
    uint64_t left;       /* bytes of content, or of an extended header, that have not come */
    size_t skip;         /* zeroes behind it */
    size_t have;         /* bytes of the block that have come */
    struct buffer extra; /* the extended header that is coming */
    char extra_type;
    uint64_t size; /* from an extended header */
    int64_t mtime_ns;
    bool has_size, has_mtime, in_content, ended;
    uint8_t block[TAR_BLOCK];
};

void tar_reader_init(struct tar_reader *reader);
void tar_reader_deinit(struct tar_reader *reader);
/* Reads on. *bytes and *len move past what was consumed. Returns an enum tar_event, or ERR_INVALID, ERR_LIMIT or
   ERR_NO_MEMORY: it is no tar stream, or none that is read here. */
int tar_read(struct tar_reader *reader, const uint8_t **bytes, size_t *len, struct error *err);

#endif
