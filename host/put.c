/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sends files to the guest: sendfile, and upgrade, whose content is the agent itself. */
#include "host/client.h"

#include "platform/file.h"
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
    uint64_t size;        /* of spool or bytes */
    struct os_file *file; /* open during an attempt with a file name */
    uint8_t *chunk;       /* owned by put_file, with a spool: CLIENT_CHUNK_SIZE */
};

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

static int put_send_content(struct periscope *p, struct put *put, uint64_t size)
{
    uint64_t done = 0;
    do {
        size_t len = size - done < CLIENT_CHUNK_SIZE ? (size_t)(size - done) : CLIENT_CHUNK_SIZE;
        int status = put_send_chunk(p, put, done, len);
        if (status)
            return status;
        done += len;
        if (!client_progress(p, done, size, done == size)) {
            periscope_disconnect(p);
            return PERISCOPE_LOCAL;
        }
    } while (done < size);
    return 0;
}

static int put_send_request(struct call *call, struct put *put, uint64_t size)
{
    if (put->method == METHOD_sendfile) {
        write_entry_text(&call->request, WIRE_STRING, put->remote);
        write_entry_u32(&call->request, put->flags);
    }
    write_entry_header(&call->request, WIRE_DATA, size);
    int status = call_send(call, size > 0);
    if (!status)
        status = put_send_content(call->p, put, size);
    if (!status)
        status = call_reply(call);
    return status ? status : call_end(call);
}

static int attempt_put(struct periscope *p, void *context)
{
    struct put *put = context;
    struct error err;
    struct call call;
    uint64_t size = put->size;
    if (put->spool)
        rewind(put->spool);
    else if (!put->bytes && os_file_open(&put->file, put->local, &size, &err))
        return put_failed(p, put, err.text);
    call_init(&call, p, put->method, put->method == METHOD_sendfile ? 3 : 1, 0);
    int status = put->method == METHOD_upgrade ? client_need(p, 5, METHOD_upgrade) : 0;
    if (!status)
        status = put_send_request(&call, put, size);
    call_deinit(&call);
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

typedef int put_call(struct periscope *p, client_attempt *attempt, void *context);

static int put_file(struct periscope *p, struct put *put, put_call *call)
{
    int status = put_prepare(p, put);
    if (!status)
        status = call(p, attempt_put, put);
    if (put->spool)
        fclose(put->spool);
    free(put->chunk);
    return status;
}

int periscope_put(struct periscope *p, const char *local_file, const char *remote_file, unsigned flags)
{
    struct put put = {.method = METHOD_sendfile, .remote = remote_file, .flags = flags, .local = local_file};
    return put_file(p, &put, client_repeat);
}

int periscope_put_bytes(struct periscope *p, const void *bytes, size_t len, const char *remote_file, unsigned flags)
{
    struct put put = {.method = METHOD_sendfile, .remote = remote_file, .flags = flags, .local = "(memory)"};
    put.bytes = len ? bytes : (const uint8_t *)"";
    put.size = len;
    return client_repeat(p, attempt_put, &put);
}

int periscope_upgrade(struct periscope *p, const char *local_file)
{
    struct put put = {.method = METHOD_upgrade, .local = local_file};
    int status = put_file(p, &put, client_once);
    periscope_disconnect(p);
    return status;
}
