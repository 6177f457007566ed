/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fetches files from the guest. */
#include "host/client.h"

#include "platform/clock.h"
#include "platform/file.h"
#include "platform/scratch.h"
#include "platform/stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The destination: a temporary file beside the target, or a spool file on the way to a stream. */
struct get {
    const char *remote, *local;
    int stream;               /* OS_STREAM_NONE: a file; not owned */
    struct os_upload *upload; /* owned while a transfer goes on */
    FILE *spool;              /* owned, with a stream; kept over the attempts */
    uint8_t *chunk;           /* owned, CLIENT_CHUNK_SIZE */
};

static int get_failed(struct periscope *p, const struct get *get, const char *what)
{
    periscope_disconnect(p);
    return client_fail(p, PERISCOPE_LOCAL, "could not write '%s': %s", get->local, what);
}

/* Returns what the messages call a stream. */
static const char *get_name(const struct get *get)
{
    return get->stream == OS_STREAM_OUTPUT ? "standard output" : get->local;
}

static int get_begin(struct periscope *p, struct get *get, uint64_t size)
{
    struct error err;
    if (get->spool && size > PERISCOPE_SPOOL_MAX) {
        periscope_disconnect(p);
        return client_fail(p, PERISCOPE_LOCAL, "'%s' has %" PRIu64 " bytes: too many for %s (%" PRIu64 ")", get->remote,
                           size, get_name(get), PERISCOPE_SPOOL_MAX);
    }
    if (get->spool) {
        rewind(get->spool);
        return 0;
    }
    if (os_upload_begin(&get->upload, get->local, OS_UPLOAD_ORDINARY, &err) || os_upload_resemble(get->upload, &err))
        return get_failed(p, get, err.text);
    return 0;
}

static int get_write(struct periscope *p, struct get *get, size_t len)
{
    struct error err;
    if (get->spool)
        return fwrite(get->chunk, 1, len, get->spool) == len ? 0 : get_failed(p, get, strerror(errno));
    return os_upload_write(get->upload, get->chunk, len, &err) ? get_failed(p, get, err.text) : 0;
}

static int get_receive_content(struct call *call, struct get *get, uint64_t size)
{
    struct error err;
    struct periscope *p = call->p;
    uint64_t done = 0;
    do {
        int got = list_read_data(&call->reply, get->chunk, CLIENT_CHUNK_SIZE, &err);
        if (got < 0)
            return client_broken(p, &err, "receiving a file");
        int status = get_write(p, get, (size_t)got);
        if (status)
            return status;
        done += (uint64_t)got;
        client_renew_deadline(p, (size_t)got);
        if (!client_progress(p, done, size, done == size)) {
            periscope_disconnect(p);
            return PERISCOPE_LOCAL;
        }
    } while (done < size);
    return call_end(call);
}

static int get_request(struct call *call, const char *remote, struct entry *entry)
{
    write_entry_text(&call->request, WIRE_STRING, remote);
    int status = call_send(call, false);
    if (!status)
        status = call_reply(call);
    return status ? status : call_entry(call, "d", entry);
}

static int attempt_get(struct periscope *p, void *context)
{
    struct get *get = context;
    struct call call;
    struct entry entry;
    struct error err;
    call_init(&call, p, METHOD_getfile, 1, 1);
    int status = get_request(&call, get->remote, &entry);
    if (!status)
        status = get_begin(p, get, entry.size);
    if (!status)
        status = get_receive_content(&call, get, entry.size);
    call_deinit(&call);
    if (!status && get->upload) {
        status = os_upload_commit(get->upload, &err) ? get_failed(p, get, err.text) : 0;
        get->upload = NULL;
    }
    os_upload_abandon(get->upload);
    get->upload = NULL;
    return status;
}

/* Reports why the stream did not take it all: the limit, an interruption, or the system's reason. */
static int get_undelivered(struct periscope *p, const struct get *get, const struct error *err)
{
    int status = client_check(p, "writing what was fetched");
    return client_finish(
        p, status ? status : client_fail(p, PERISCOPE_LOCAL, "could not write to %s: %s", get_name(get), err->text));
}

/* Copies the spool file, up to where the last attempt ended. Data of an earlier, longer attempt may follow. */
static int get_copy_spool(struct periscope *p, struct get *get, int stream)
{
    struct error err;
    const struct os_patience patience = {p->limit, &p->interrupted};
    long long left = ftello(get->spool);
    rewind(get->spool);
    while (left > 0) {
        size_t want = left < (long long)CLIENT_CHUNK_SIZE ? (size_t)left : CLIENT_CHUNK_SIZE;
        if (fread(get->chunk, 1, want, get->spool) != want)
            return client_fail(p, PERISCOPE_LOCAL, "could not read the temporary file");
        if (os_stream_write(stream, get->chunk, want, &patience, &err))
            return get_undelivered(p, get, &err);
        left -= (long long)want;
    }
    return 0;
}

static int get_deliver(struct periscope *p, struct get *get)
{
    struct error err;
    int stream;
    const struct os_patience patience = {p->limit, &p->interrupted};
    if (get->stream == OS_STREAM_OUTPUT && fflush(stdout)) /* what the program has printed comes first */
        return client_fail(p, PERISCOPE_LOCAL, "could not write to standard output: %s", strerror(errno));
    if (get->stream != OS_STREAM_CLOSED)
        return get_copy_spool(p, get, get->stream);
    if (os_stream_open_target(&stream, get->local, &patience, &err))
        return get_undelivered(p, get, &err);
    int status = get_copy_spool(p, get, stream);
    if (os_stream_close(stream, &err) && !status)
        status = get_undelivered(p, get, &err);
    return status;
}

/* Finds out what the local name is before anything is asked for. */
static int get_prepare(struct periscope *p, struct get *get)
{
    struct error err;
    if (strcmp(get->local, "-") == 0)
        get->stream = OS_STREAM_OUTPUT;
    else if (os_stream_target(get->local, &get->stream, &err))
        return get_failed(p, get, err.text);
    if (get->stream != OS_STREAM_NONE && os_scratch_open(&get->spool, &err))
        return client_fail(p, PERISCOPE_LOCAL, "%s", err.text);
    get->chunk = malloc(CLIENT_CHUNK_SIZE);
    return get->chunk ? 0 : client_no_memory(p);
}

int periscope_get(struct periscope *p, const char *remote_file, const char *local_file)
{
    struct get get = {.remote = remote_file, .local = local_file};
    int status = get_prepare(p, &get);
    if (!status)
        status = client_repeat(p, attempt_get, &get);
    if (!status && get.spool)
        status = get_deliver(p, &get);
    if (get.spool)
        fclose(get.spool);
    free(get.chunk);
    return status;
}

/* ---- into memory ---- */

struct get_bytes {
    const char *remote;
    struct buffer *bytes;
};

static int attempt_get_bytes(struct periscope *p, void *context)
{
    struct get_bytes *get = context;
    struct call call;
    struct entry entry;
    buffer_clear(get->bytes);
    call_init(&call, p, METHOD_getfile, 1, 1);
    int status = get_request(&call, get->remote, &entry);
    if (!status)
        status = call_data(&call, &entry, get->bytes);
    if (!status)
        status = call_end(&call);
    call_deinit(&call);
    return status;
}

int client_get_limited(struct periscope *p, const char *remote_file, struct buffer *bytes)
{
    struct get_bytes get = {remote_file, bytes};
    return client_repeat(p, attempt_get_bytes, &get);
}

int client_take_bytes(struct periscope *p, struct buffer *from, uint8_t **bytes, size_t *len)
{
    size_t content = from->len;
    if (from->limit < SIZE_MAX)
        from->limit++;
    if (!buffer_append(from, "", 1))
        return client_no_memory(p);
    *bytes = from->data;
    *len = content;
    *from = (struct buffer){0};
    return 0;
}

int periscope_get_bytes(struct periscope *p, const char *remote_file, size_t max, uint8_t **bytes, size_t *len)
{
    struct buffer content;
    *bytes = NULL;
    *len = 0;
    buffer_init(&content, max);
    int status = client_get_limited(p, remote_file, &content);
    if (!status)
        status = client_take_bytes(p, &content, bytes, len);
    buffer_deinit(&content);
    return status;
}
