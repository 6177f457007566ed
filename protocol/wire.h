/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* testagentd's framing: entries and lists, read from a source of bytes and written to a buffer.
 *
 *     request := u32 id, list        reply := list        banner := entry 's'
 *     list    := u32 count, count x entry
 *     entry   := u8 type, u64 size, size bytes            all integers big-endian
 *
 * No I/O and no OS here: the owner of a connection provides a struct source. Nothing is thread-safe; a source and
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

#define WIRE_COUNT_FATAL 1048576u    /* entries; a peer that sends as many does not speak this protocol */
#define WIRE_COUNT_MAX 65536u        /* entries we accept in a list */
#define WIRE_STRING_MAX (1u << 20)   /* bytes, NUL included */
#define WIRE_REQUEST_MAX (16u << 20) /* bytes of the arguments of one request held in memory, 'd' not counted */
/* Bytes of a reply held in memory. It is the one limit for a picture's file and the facts sent with it: 2^28 pixels as
   PPM (16 384 x 16 384, or a screen of 32 767 x 8 192) and 64 MiB. */
#define WIRE_REPLY_MAX ((3u << 28) + (64u << 20))
#define WIRE_ENTRY_HEADER_SIZE 9u /* bytes */

/* ---- reading ---- */

/* A source of bytes. read() stores 1 to max bytes and returns their number, 0 at the end of the stream, or a negative
   status with *err set. */
struct source {
    int (*read)(struct source *, void *bytes, size_t max, struct error *err);
};

/* Reads exactly len bytes. ERR_CLOSED when the stream ends before or within them. */
int source_read(struct source *source, void *bytes, size_t len, struct error *err);
int source_skip(struct source *source, uint64_t len, struct error *err);

struct entry {
    enum wire_type type; /* as received; may be an unknown type */
    uint64_t size;       /* bytes */
};

struct list_reader {
    struct source *source; /* borrowed */
    uint32_t count, index; /* entries in the list, entries begun */
    uint64_t left;         /* bytes of the current entry not yet read */
    struct budget *budget; /* borrowed; NULL: none. It counts the texts */
    size_t held, most;     /* bytes that are taken from it; the most that were */
};

int list_read_begin(struct list_reader *list, struct source *source, struct error *err);
/* Reads the header of the next entry, after skipping the unread rest of the entry before it. Returns 1 for an entry, 0
   at the end of the list, or a negative status. */
int list_read_entry(struct list_reader *list, struct entry *entry, struct error *err);
/* Reads the payload of the current entry. Sizes are checked before anything is allocated. */
int list_read_u32(struct list_reader *list, uint32_t *value, struct error *err);
int list_read_u64(struct list_reader *list, uint64_t *value, struct error *err);
/* Takes more bytes from the budget, or returns ERR_LIMIT. */
int list_hold(struct list_reader *list, size_t more, struct error *err);
/* Gives back what was taken. The texts must have been freed. */
void list_release(struct list_reader *list);
/* Reads a string, which the caller frees with free(). The string must end in its only NUL, which max counts too. A
   wrong string is ERR_INVALID (ERR_LIMIT when too long, or beyond the budget), and list_read_entry skips its unread
   bytes. Memory grows with the bytes that came: a size that was only claimed takes none. */
int list_read_text(struct list_reader *list, uint64_t max, char **text, struct error *err);
/* Reads up to max bytes. Returns their number, 0 at the end of the entry, or a negative status. */
int list_read_data(struct list_reader *list, void *bytes, size_t max, struct error *err);
/* Skips the rest of the list. */
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
    uint64_t data_size;          /* bytes of that payload */
    uint32_t arg_room;           /* arguments that args has memory for */
    size_t memory;               /* bytes of the arguments, as received */
};

/* Reads a request up to the payload of a streamed 'd', or whole. budget (may be NULL) counts the memory of its
   arguments until request_deinit. Returns 1 for a request and 0 when the stream ended
   between two requests (no error). ERR_INVALID, ERR_LIMIT or ERR_NO_MEMORY: the request was consumed whole but is
   wrong, and *err is the answer. After any other status the connection must be closed. The request is initialised in
   every case, for request_deinit. */
int request_read(struct request *request, struct source *source, struct budget *budget, struct error *err);
/* Skips the part of a streamed payload that the handler left unread. The next request can be read after it. */
int request_finish(struct request *request, struct error *err);
void request_deinit(struct request *request); /* accepts a zeroed one */

/* ---- writing ---- */

void write_u32(struct buffer *out, uint32_t value); /* without a header, for ids and counts */
void write_entry_header(struct buffer *out, enum wire_type type, uint64_t size);
void write_entry_u32(struct buffer *out, uint32_t value);
void write_entry_u64(struct buffer *out, uint64_t value);
void write_entry_text(struct buffer *out, enum wire_type type, const char *text); /* 's' or 'e' */
void write_entry_data(struct buffer *out, const void *bytes, size_t len);
void write_entry_undefined(struct buffer *out);

#endif
