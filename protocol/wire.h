/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* testagentd's framing: entries and lists, read from a source of bytes and written to a buffer.
 *
 *     request := u32 id, list        reply := list        banner := entry 's'
 *     list    := u32 count, count x entry
 *     entry   := u8 type, u64 size, size bytes            all integers big-endian
 *
 * No I/O and no OS in here: who owns a connection gives a struct source. Nothing is thread-safe; a source and
 * its readers belong to one thread at a time.
 */
#ifndef PROTOCOL_WIRE_H
#define PROTOCOL_WIRE_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/strlist.h"

enum wire_type {
    WIRE_U32 = 'I',
    WIRE_U64 = 'Q',
    WIRE_STRING = 's',    /* with its NUL, which counts in the size */
    WIRE_DATA = 'd',      /* raw bytes, no NUL */
    WIRE_UNDEFINED = 'u', /* size 0; replies only */
    WIRE_ERROR = 'e',     /* like 's'; replies only, may stand in for any expected entry */
};

#define WIRE_COUNT_FATAL 1048576u    /* entries; from here on the peer does not speak this protocol */
#define WIRE_COUNT_MAX 65536u        /* entries we accept in a list */
#define WIRE_STRING_MAX (1u << 20)   /* bytes, NUL included */
#define WIRE_REQUEST_MAX (16u << 20) /* bytes of the arguments of one request held in memory, 'd' not counted */
/* Bytes of a reply held in memory, the one limit of a picture's file and of what is told beside it: 2^28 pixels as PPM
   (16 384 x 16 384, or a screen of 32 767 x 8 192) and 64 MiB. */
#define WIRE_REPLY_MAX ((3u << 28) + (64u << 20))
#define WIRE_ENTRY_HEADER_SIZE 9u /* bytes */

/* ---- reading ---- */

/* Where bytes come from. read() gives 1 to max bytes and returns their number; 0 at the end of the stream, or
   a negative status with *err set. */
struct source {
    int (*read)(struct source *, void *bytes, size_t max, struct error *err);
};

/* Exactly len bytes. ERR_CLOSED when the stream ends before or within them. */
int source_read(struct source *source, void *bytes, size_t len, struct error *err);
int source_skip(struct source *source, uint64_t len, struct error *err);

struct entry {
    enum wire_type type; /* as received: may be none of the above */
    uint64_t size;       /* bytes */
};

struct list_reader {
    struct source *source; /* borrowed */
    uint32_t count, index; /* entries in the list, entries begun */
    uint64_t left;         /* bytes of the current entry not yet read */
};

int list_read_begin(struct list_reader *list, struct source *source, struct error *err);
/* The next entry's header; what is left of the one before is skipped first. 1 = got one, 0 = no more, or a
   negative status. */
int list_read_entry(struct list_reader *list, struct entry *entry, struct error *err);
/* The payload of the current entry. Sizes are checked before anything is allocated. */
int list_read_u32(struct list_reader *list, uint32_t *value, struct error *err);
int list_read_u64(struct list_reader *list, uint64_t *value, struct error *err);
/* Owned by the caller (free()). A string must end in its only NUL; max counts that NUL. A text that is wrong is
   ERR_INVALID (ERR_LIMIT when too long) and its bytes are left for list_read_entry to skip. */
int list_read_text(struct list_reader *list, uint64_t max, char **text, struct error *err);
/* Up to max bytes: their number, 0 at the end of the entry, or a negative status. */
int list_read_data(struct list_reader *list, void *bytes, size_t max, struct error *err);
/* Skips all that is left of the list. */
int list_read_end(struct list_reader *list, struct error *err);

/* ---- requests ---- */

struct method {
    uint32_t id;
    const char *name, *signature;
    const char *short_text; /* has at most one %u */
    int index;              /* its place in methods.def, from 0 */
};

enum method_index {
#define METHOD(id, symbol, name, signature, short_text) METHOD_##symbol,
#include "protocol/methods.def"
#undef METHOD
    METHOD_COUNT
};

extern const struct method methods[METHOD_COUNT];
const struct method *method_find(uint32_t id); /* NULL when unknown */

struct argument {
    enum wire_type type; /* WIRE_U32, WIRE_U64 or WIRE_STRING */
    uint64_t number;
    char *text; /* owned by the request; NULL unless a string */
};

struct request {
    uint32_t id;
    const struct method *method; /* NULL when the id is unknown */
    struct argument *args;       /* owned */
    uint32_t arg_count;          /* without the streamed 'd' */
    struct list_reader list;     /* positioned at the 'd' payload when the signature ends in one */
    uint64_t data_size;          /* bytes of it */
    size_t memory;               /* bytes held by args */
};

/* Reads a request up to the payload of a streamed 'd', or whole. 1 = a request, 0 = the stream ended between two
   requests (no error), ERR_INVALID or ERR_LIMIT = it was consumed whole but is wrong and *err is the answer,
   any other status = close the connection. The request is initialised in every case; request_deinit it. */
int request_read(struct request *request, struct source *source, struct error *err);
/* Skips what the handler left of a streamed payload. After it the next request can be read. */
int request_finish(struct request *request, struct error *err);
void request_deinit(struct request *request); /* accepts a zeroed one */

/* ---- writing ---- */

void write_u32(struct buffer *out, uint32_t value); /* bare, for ids and counts */
void write_entry_header(struct buffer *out, enum wire_type type, uint64_t size);
void write_entry_u32(struct buffer *out, uint32_t value);
void write_entry_u64(struct buffer *out, uint64_t value);
void write_entry_text(struct buffer *out, enum wire_type type, const char *text); /* 's' or 'e' */
void write_entry_data(struct buffer *out, const void *bytes, size_t len);
void write_entry_undefined(struct buffer *out);

#endif
