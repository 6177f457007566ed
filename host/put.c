/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sends files to the guest: sendfile, and upgrade, whose content is the agent itself. */
#include "host/client.h"

#include "platform/file.h"
#include "platform/node.h"
#include "platform/random.h"
#include "platform/scratch.h"
#include "platform/stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The source of the content is one of: local, spool, bytes. */
struct put {
    enum method_index method;
    const char *remote;
    uint32_t flags;
    const char *local;
    FILE *spool; /* owned by put_file: a copy of what has no size */
    const uint8_t *bytes;
    uint64_t size;
    struct os_file *file;       /* open during an attempt with a file name */
    struct os_node node;        /* of that file, at the last attempt */
    uint8_t *chunk;             /* owned by put_file, with a spool: CLIENT_CHUNK_SIZE */
    char token[33];             /* "": no attempt was made */
    char sum[SHA256_TEXT_SIZE]; /* "": not known */
    uint64_t moved;             /* bytes that the agent had when it was last asked; 0: none were sent to it */
};

#define PUT_OWN_FLAGS (PERISCOPE_PRESERVE | PERISCOPE_VERIFY | PERISCOPE_NO_CONTINUE)
#define PUT_NEEDS_PARTS (PERISCOPE_PRESERVE | PERISCOPE_VERIFY)
#define PUT_PARTS_LEAST (1u << 20) /* bytes of a file that is sent so that it can be continued */

static int put_failed(struct periscope *p, const struct put *put, const char *what)
{
    if (strcmp(put->local, "-") == 0)
        return client_fail(p, PERISCOPE_LOCAL, "could not read standard input: %s", what);
    return client_fail(p, PERISCOPE_LOCAL, "could not read '%s': %s", put->local, what);
}

/* Sends the next len bytes of the content, at most CLIENT_CHUNK_SIZE. */
static int put_send_chunk(struct periscope *p, struct put *put, uint64_t offset, size_t len)
{
    static const char doing[] = "sending a file";
    struct error err;
    if (put->bytes)
        return client_send(p, put->bytes + offset, len, false, doing);
    if (put->spool) {
        if (fread(put->chunk, 1, len, put->spool) == len)
            return client_send(p, put->chunk, len, false, doing);
        periscope_disconnect(p);
        return put_failed(p, put, "the temporary file ends too early");
    }
    int status = client_check(p, doing);
    if (status) {
        periscope_disconnect(p);
        return status;
    }
    status = os_socket_send_file(p->socket, put->file, len, p->io_ms, &err);
    if (status != ERR_INVALID)
        return status ? client_broken(p, &err, doing) : 0;
    periscope_disconnect(p);
    return put_failed(p, put, err.text);
}

/* Sends the content from an offset on. */
static int put_send_content(struct periscope *p, struct put *put, uint64_t done)
{
    do {
        size_t len = put->size - done < CLIENT_CHUNK_SIZE ? (size_t)(put->size - done) : CLIENT_CHUNK_SIZE;
        int status = put_send_chunk(p, put, done, len);
        if (status)
            return status;
        done += len;
        if (!client_progress(p, done, put->size, done == put->size)) {
            periscope_disconnect(p);
            return PERISCOPE_LOCAL;
        }
    } while (done < put->size);
    return 0;
}

static int put_whole(struct periscope *p, struct put *put)
{
    struct call call;
    call_init(&call, p, put->method, put->method == METHOD_sendfile ? 3 : 1, 0);
    int status = put->method == METHOD_upgrade ? client_need(p, 5, METHOD_upgrade) : 0;
    if (put->method == METHOD_sendfile) {
        write_entry_text(&call.request, WIRE_STRING, put->remote);
        write_entry_u32(&call.request, put->flags & ~PUT_OWN_FLAGS);
    }
    write_entry_header(&call.request, WIRE_DATA, put->size);
    if (!status)
        status = call_send(&call, put->size > 0);
    if (!status)
        status = put_send_content(p, put, 0);
    if (!status)
        status = call_reply(&call);
    if (!status)
        status = call_end(&call);
    call_deinit(&call);
    return status;
}

/* ---- in parts ---- */

static int put_read_source(void *context, uint64_t offset, void *bytes, size_t max, struct error *err)
{
    struct put *put = context;
    (void)offset; /* it is read in order, from the beginning */
    if (!put->spool)
        return os_file_read(put->file, bytes, max, err);
    size_t got = fread(bytes, 1, max, put->spool);
    return got || !ferror(put->spool) ? (int)got : error_set(err, ERR_SYSTEM, "%s", strerror(errno));
}

static int put_sum_source(struct periscope *p, struct put *put)
{
    struct error err;
    if (put->bytes) {
        struct sha256 sum;
        sha256_init(&sum);
        sha256_add(&sum, put->bytes, (size_t)put->size);
        sha256_text(&sum, put->sum);
        return 0;
    }
    uint8_t *chunk = malloc(CLIENT_CHUNK_SIZE);
    int status = chunk ? client_sum(p, put_read_source, put, put->size, chunk, put->sum, &err) : client_no_memory(p);
    free(chunk);
    return status == PERISCOPE_LOCAL && *put->sum == 0 ? put_failed(p, put, err.text) : status;
}

/* Sets where the source is read next. */
static int put_seek(struct periscope *p, struct put *put, uint64_t offset)
{
    struct error err;
    if (put->spool && fseeko(put->spool, (off_t)offset, SEEK_SET))
        return put_failed(p, put, strerror(errno));
    if (put->file && os_file_seek(put->file, offset, &err))
        return put_failed(p, put, err.text);
    return 0;
}

static void part_options(struct put *put, uint64_t offset, struct strlist *list)
{
    strlist_addf(list, "token=%s", put->token);
    strlist_addf(list, "offset=%" PRIu64, offset);
    strlist_addf(list, "size=%" PRIu64, put->size);
    if (*put->sum)
        strlist_addf(list, "sha256=%s", put->sum);
    if (put->flags & PERISCOPE_EXECUTABLE)
        strlist_add(list, "executable=1");
    if (put->flags & PERISCOPE_OVER_RUNNING)
        strlist_add(list, "over-running=1");
    if (put->flags & PERISCOPE_PRESERVE && put->file) {
        int64_t seconds = put->node.mtime_ns / OS_NS - (put->node.mtime_ns % OS_NS < 0);
        strlist_addf(list, "mode=%04o", (unsigned)put->node.mode & 0777);
        strlist_addf(list, "mtime=%" PRId64 ".%09ld", seconds, (long)(put->node.mtime_ns - seconds * OS_NS));
    }
}

/* Sends a putrange with these options, and reads what it answers. content: the source's, from the offset on. */
static int part_call(struct periscope *p, struct put *put, const struct strlist *options, bool content, uint64_t *have,
                     bool *done)
{
    struct call call;
    struct entry last;
    struct strlist facts = {0};
    uint64_t size = content ? put->size - *have : 0, is_done = 0;
    call_init(&call, p, METHOD_putrange, (uint32_t)options->count + 2, CALL_ANY);
    write_entry_text(&call.request, WIRE_STRING, put->remote);
    for (size_t i = 0; i < options->count; i++)
        write_entry_text(&call.request, WIRE_STRING, options->items[i]);
    write_entry_header(&call.request, WIRE_DATA, size);
    if (content && *put->sum)
        call_allow_sum(&call, put->size);
    int status = options->failed ? client_no_memory(p) : call_send(&call, size > 0);
    if (!status && size > 0)
        status = put_send_content(p, put, *have);
    if (!status)
        status = call_reply(&call);
    if (!status)
        status = call_strings(&call, "s", &facts, &last);
    if (!status && (!fact_number(&facts, "have", have) || !fact_number(&facts, "done", &is_done)))
        status = call_malformed(&call, "it does not tell what the agent has");
    *done = is_done != 0;
    strlist_deinit(&facts);
    call_deinit(&call);
    return status;
}

/* Asks how far the transfer is. Before its first part this asks whether the agent knows of parts at all. */
static int part_query(struct periscope *p, struct put *put, uint64_t *have, bool *done)
{
    struct strlist options = {0};
    int status = client_need_ranges(p, METHOD_putrange);
    strlist_addf(&options, "token=%s", put->token);
    strlist_add(&options, "query=1");
    *have = 0;
    if (!status)
        status = part_call(p, put, &options, false, have, done);
    p->lacks_ranges |= status == PERISCOPE_UNSUPPORTED;
    strlist_deinit(&options);
    return status;
}

/* Sends what the agent lacks. Its SHA-256 goes with it once the connection has broken: what came before may be another
   version's. */
static int put_rest(struct periscope *p, struct put *put, uint64_t have)
{
    struct strlist options = {0};
    bool done;
    int status = 0;
    if ((have || put->flags & PERISCOPE_VERIFY) && !*put->sum)
        status = put_seek(p, put, 0);
    if (!status && (have || put->flags & PERISCOPE_VERIFY) && !*put->sum)
        status = put_sum_source(p, put);
    if (!status)
        status = put_seek(p, put, have);
    part_options(put, have, &options);
    if (!status)
        status = part_call(p, put, &options, true, &have, &done);
    strlist_deinit(&options);
    return status;
}

static int put_parts(struct periscope *p, struct put *put)
{
    uint64_t have;
    bool done;
    int status = part_query(p, put, &have, &done);
    if ((status == PERISCOPE_UNSUPPORTED || status == PERISCOPE_REFUSED) && !(put->flags & PUT_NEEDS_PARTS))
        return put_whole(p, put); /* an agent that has no parts, or whose host may not use them */
    if (status || done)
        return status;
    if (have > put->size)
        have = 0;
    put->moved = have ? have : 1; /* what is sent now may be there, which the next question tells */
    return put_rest(p, put, have);
}

/* Makes up the name by which the agent knows the transfer after its connection has broken. */
static int put_make_token(struct periscope *p, struct put *put)
{
    struct error err;
    uint64_t number[2];
    if (os_random(&number[0], &err) || os_random(&number[1], &err))
        return client_fail(p, PERISCOPE_LOCAL, "no random number: %s", err.text);
    snprintf(put->token, sizeof put->token, "%016" PRIx64 "%016" PRIx64, number[0], number[1]);
    *put->sum = 0;
    return 0;
}

/* ---- an attempt ---- */

/* Opens the source. One that has changed since the last attempt is sent as another. */
static int put_open(struct periscope *p, struct put *put)
{
    struct error err;
    struct os_node node;
    if (put->spool)
        rewind(put->spool);
    if (put->spool || put->bytes)
        return *put->token ? 0 : put_make_token(p, put);
    if (os_file_open(&put->file, put->local, &put->size, &err) || os_node_of_file(&node, put->file, &err))
        return put_failed(p, put, err.text);
    bool same =
        *put->token && node.size == put->node.size && node.mtime_ns == put->node.mtime_ns && node.id == put->node.id;
    put->node = node;
    return same ? 0 : put_make_token(p, put);
}

/* Returns whether the file goes in parts, which cost a small one a round trip more. */
static bool put_in_parts(const struct periscope *p, const struct put *put)
{
    if (put->method != METHOD_sendfile)
        return false;
    if (put->flags & PUT_NEEDS_PARTS)
        return true;
    return put->size >= PUT_PARTS_LEAST && !(put->flags & PERISCOPE_NO_CONTINUE) && !p->lacks_ranges &&
           p->minor >= FIRST_MINOR_OF_PERISCOPE;
}

static int attempt_put(struct periscope *p, void *context)
{
    struct put *put = context;
    int status = put_open(p, put);
    bool parts = !status && put_in_parts(p, put);
    if (!status && parts)
        status = put_parts(p, put);
    if (!status && !parts)
        status = put_whole(p, put);
    os_file_close(put->file);
    put->file = NULL;
    return status;
}

static int put_spool_failed(struct periscope *p)
{
    return client_fail(p, PERISCOPE_LOCAL, "could not write a temporary file: %s", strerror(errno));
}

/* Reads the next bytes of a stream. Returns their number, 0 at its end. */
static int put_read_stream(struct periscope *p, struct put *put, int stream)
{
    struct error err;
    const struct os_patience patience = {p->limit, &p->interrupted};
    int got = os_stream_read(stream, put->chunk, CLIENT_CHUNK_SIZE, &patience, &err);
    if (got >= 0)
        return got;
    int status = client_check(p, "reading what is to be sent");
    return client_finish(p, status ? status : put_failed(p, put, err.text));
}

/* Copies a stream to a temporary file, since its size must be sent first. */
static int put_spool(struct periscope *p, struct put *put, int stream)
{
    struct error err;
    put->chunk = malloc(CLIENT_CHUNK_SIZE);
    if (!put->chunk)
        return client_no_memory(p);
    if (os_scratch_open(&put->spool, &err))
        return client_fail(p, PERISCOPE_LOCAL, "%s", err.text);
    int got;
    while ((got = put_read_stream(p, put, stream)) > 0) {
        if (fwrite(put->chunk, 1, (size_t)got, put->spool) != (size_t)got)
            return put_spool_failed(p);
        put->size += (uint64_t)got;
        if (put->size > PERISCOPE_SPOOL_MAX)
            return client_fail(p, PERISCOPE_LOCAL, "'%s' has more than %" PRIu64 " bytes", put->local,
                               PERISCOPE_SPOOL_MAX);
    }
    return got == 0 && fflush(put->spool) ? put_spool_failed(p) : got;
}

static int put_spool_closed(struct periscope *p, struct put *put)
{
    struct error err;
    int stream;
    if (os_stream_open_source(&stream, put->local, &err))
        return put_failed(p, put, err.text);
    int status = put_spool(p, put, stream);
    (void)os_stream_close(stream, NULL);
    return status;
}

/* Reads to its end what has no size: standard input, a pipe, a file of /proc. */
static int put_prepare(struct periscope *p, struct put *put)
{
    struct error err;
    int stream = OS_STREAM_INPUT;
    if (strcmp(put->local, "-") != 0 && os_stream_source(put->local, &stream, &err))
        return put_failed(p, put, err.text);
    if (stream == OS_STREAM_NONE)
        return 0;
    return stream == OS_STREAM_CLOSED ? put_spool_closed(p, put) : put_spool(p, put, stream);
}

static int put_file(struct periscope *p, struct put *put)
{
    int status = put_prepare(p, put);
    if (!status && put->method == METHOD_upgrade)
        status = client_once(p, attempt_put, put);
    else if (!status)
        status = client_continue(p, attempt_put, put, &put->moved);
    if (put->spool)
        fclose(put->spool);
    free(put->chunk);
    return status;
}

int periscope_put(struct periscope *p, const char *local_file, const char *remote_file, unsigned flags)
{
    struct put put = {.method = METHOD_sendfile, .remote = remote_file, .flags = flags, .local = local_file};
    return put_file(p, &put);
}

int periscope_put_bytes(struct periscope *p, const void *bytes, size_t len, const char *remote_file, unsigned flags)
{
    struct put put = {.method = METHOD_sendfile, .remote = remote_file, .flags = flags, .local = "(memory)"};
    put.bytes = len ? bytes : (const uint8_t *)"";
    put.size = len;
    return client_continue(p, attempt_put, &put, &put.moved);
}

int periscope_upgrade(struct periscope *p, const char *local_file)
{
    struct put put = {.method = METHOD_upgrade, .local = local_file};
    int status = put_file(p, &put);
    periscope_disconnect(p);
    return status;
}
